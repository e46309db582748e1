// The QR code at the bottom right, which leads to this computer's page on a phone. It is dark on light whatever the colours of
// the screen, as readers want it, and made of rectangles.
(function () {
	var quiet = 4, least = 3; // modules around it; pixels of a module below which no phone reads it

	// codeAt gives where a code of so many modules has room on a layout: {size: of a module, side, left, top, inner: what the
	// bar keeps of its width}; null where there is no room. Nothing becomes smaller for it.
	JobMon.codeAt = function (modules, g) {
		var bottom = g.height - 2.1 * g.u, all = modules + 2 * quiet, size = Math.floor(Math.min(0.463 * g.u, (bottom - 0.4 * g.u - g.mainEnd) / all)), side = size * all;
		if (size < least) {
			return null;
		}
		return { size: size, side: side, left: g.width - g.margin - side, top: Math.round(bottom - side), inner: g.inner - side - Math.round(3.33 * g.u) };
	};

	// drawCode draws the rows of a code there, neighbours in a row as one rectangle.
	JobMon.drawCode = function (paint, to, rows, at) {
		var y, x, from;
		paint.box(to, at.left, at.top, at.side, at.side, "#c3d0de").setAttribute("data-code", "ground");
		for (y = 0; y < rows.length; y++) {
			for (x = rows[y].indexOf("1"); x >= 0; x = rows[y].indexOf("1", from)) {
				from = rows[y].indexOf("0", x);
				from = from < 0 ? rows[y].length : from;
				paint.box(to, at.left + (x + quiet) * at.size, at.top + (y + quiet) * at.size, (from - x) * at.size, at.size, "#0a1420").className = "run";
			}
		}
	};
}());
