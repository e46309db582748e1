// Where things stand on a screen of a size. Everything follows from the height, so that letters keep their part of it; on
// narrow screens the largest ones follow from the width. No letter is smaller than 2.3 % of the height.
(function () {
	JobMon.layout = function (width, height) {
		var u = height / 100, upright = width < height * 1.1, margin = Math.round(Math.min(5.2 * u, width * 0.05)), g, column;

		function px(part, ofWidth) {
			return Math.round(Math.max(2.3 * u, Math.min(part * u, width * ofWidth)));
		}

		g = {
			u: u, width: width, height: height, upright: upright, margin: margin, inner: width - 2 * margin,
			namePx: px(7.4, 0.085), placePx: px(2.8, 0.042), labelPx: px(2.9, 0.042), heroPx: px(7.4, 0.075), heroSmallPx: px(5.2, 0.062),
			linePx: px(3.4, 0.042), titlePx: px(3, 0.042), notePx: px(2.6, 0.04), rowPx: px(upright ? 2.3 : 2.8, 0.045), rowLargePx: px(upright ? 2.6 : 3.3, 0.03),
			rowLeastPx: px(2.4, 0.04), tagPx: px(2.3, 0.03),
			donePx: px(3.5, 0.05), footPx: px(2.4, 0.04), top: Math.round(3.6 * u)
		};
		g.placeY = g.top + Math.round(g.namePx * 1.3);
		g.mainY = g.placeY + Math.round(g.placePx * 1.36 + 3 * u);
		// Landscape: words on the left, the list on the right. Upright: one below the other.
		g.foot2Y = Math.round(height - 3.4 * u - g.footPx * 1.36);
		g.footY = upright ? g.foot2Y - Math.round(g.footPx * 1.45) : g.foot2Y;
		g.doneY = g.footY - Math.round(g.donePx * 1.36 + 2.2 * u);
		g.barH = Math.round(2.4 * u);
		g.barY = g.doneY - g.barH - Math.round(0.9 * u);
		g.mainEnd = g.barY - Math.round(2.6 * u);
		column = Math.round((g.inner - margin) * 0.52);
		g.heroW = upright ? g.inner : column;
		g.listX = upright ? margin : 2 * margin + column;
		g.listW = upright ? g.inner : g.inner - margin - column;
		g.pad = Math.round(1.3 * u);
		return g;
	};
}());
