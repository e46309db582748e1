// Where things stand on a screen of a size. Letters follow from the height of a wide screen, and from the width of a narrow or
// upright one. The parts are chosen for 24 inches, 1920x1080, seen from four metres; there, capitals of Segoe UI have the
// angles in arc minutes that stand behind them. docs/monitor.md has the table, and a test computes it.
(function () {
	JobMon.layout = function (width, height) {
		var upright = width < height * 1.1, u = (upright ? Math.min(width, height / 1.6) : Math.min(height, width / 1.6)) / 100;
		var margin = Math.round(5.2 * u), g, column;

		function px(part) {
			return Math.round(part * u);
		}

		g = {
			u: u, width: width, height: height, upright: upright, margin: margin, inner: width - 2 * margin,
			namePx: px(7.6), heroPx: px(7.6), // 13.6
			notePx: px(5.65), // 10: what is wrong, and what to do
			linePx: px(5.1), donePx: px(5.1), // 9: since, counts and end
			rowPx: px(4), rowLargePx: px(4.6), labelPx: px(4), smallPx: px(4), // 7
			placePx: px(2.87), footPx: px(2.87), tagPx: px(2.87), leastPx: px(2.87), // 5
			top: px(3.6), pad: px(1.3)
		};
		g.placeY = g.top + Math.round(g.namePx * 1.3);
		// Upright, the name has the first line for itself; the time is on the right of the next two.
		g.clockY = upright ? g.placeY : g.top;
		g.agentY = upright ? g.placeY + Math.round(g.placePx * 1.6) : g.placeY;
		g.mainY = (upright ? g.placeY + Math.round(g.namePx * 1.3) : g.placeY + Math.round(g.placePx * 1.36)) + px(2.4);
		// Landscape: words on the left, the list on the right. Upright: one below the other.
		g.foot2Y = Math.round(height - 3 * u - g.footPx * 1.36);
		g.footY = upright ? g.foot2Y - Math.round(g.footPx * 1.45) : g.foot2Y;
		g.doneY = g.footY - Math.round(g.donePx * 1.36 + 0.9 * u);
		g.barH = px(2.4);
		g.barY = g.doneY - g.barH - Math.round(0.6 * u);
		g.mainEnd = g.barY - px(2);
		column = Math.round((g.inner - margin) * 0.52);
		g.heroW = upright ? g.inner : column;
		g.listX = upright ? margin : 2 * margin + column;
		g.listW = upright ? g.inner : g.inner - margin - column;
		return g;
	};
}());
