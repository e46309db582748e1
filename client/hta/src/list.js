// The list of stages on the screen: rows of a shape, a name, a tag and a word or time.
(function () {
	// makeList gives an object whose draw places the rows of a view, and whose glow brightens the one that runs.
	JobMon.makeList = function (paint, colours, words) {
		var g = null, list = {}, shining = null, shades = [], shone = 0;

		function tone(name) {
			return colours[name] || colours.text;
		}

		// rowWidths gives what the parts of a row need at a size: {inset, icon, right, tag, name}.
		function rowWidths(r, px) {
			var w = { inset: Math.round(px * 0.55), icon: Math.round(px * 0.95) };
			w.right = r.right === "" ? 0 : Math.min(g.listW * 0.5, paint.width(r.right, px, false) + 2);
			w.tag = r.tag === "" ? 0 : paint.width(r.tag, g.tagPx, false) + g.tagPx;
			w.name = paint.width(r.name, px, r.current) + 1;
			w.free = g.listW - w.inset * 3 - w.icon - (w.right > 0 ? w.right + w.inset : 0) - (w.tag > 0 ? w.tag + w.inset : 0);
			return w;
		}

		function row(to, r, x, y, px, rowH) {
			var ground = colours.panel, w = rowWidths(r, px), nameX = x + w.inset * 2 + w.icon, nameW = Math.min(w.free, w.name), colour;
			if (r.current) {
				ground = JobMon.mix(colours.panel, colours.dim, 0.24);
				shining = paint.box(to, x, y, g.listW, rowH, ground);
				shades = [ground, JobMon.mix(colours.panel, colours.accent, 0.26)];
				shone = 0;
				paint.box(to, x, y, Math.max(3, 0.6 * g.u), rowH, tone("accent"));
			}
			if (r.shape !== "") {
				paint.shape(to, x + w.inset * 1.3, y + (rowH - w.icon) / 2, w.icon, r.shape, tone(r.tone), ground);
			}
			y += Math.round((rowH - px * 1.36) / 2);
			colour = tone(r.state === "failed" ? "bad" : r.state === "waiting" || r.current ? "text" : r.state === "succeeded" ? "soft" : "dim");
			paint.text(to, nameX, y, nameW, paint.look(px, colour, r.current), r.name, r.more ? "more" : "row");
			if (w.tag > 0) {
				nameX += nameW + w.inset;
				paint.box(to, nameX, y + (px * 1.36 - g.tagPx * 1.3) / 2, w.tag, g.tagPx * 1.3, JobMon.mix(ground, tone("info"), 0.24));
				paint.text(to, nameX + g.tagPx / 2, y + (px * 1.36 - g.tagPx * 1.36) / 2, w.tag - g.tagPx / 2, paint.look(g.tagPx, tone("info"), false), r.tag, "tag");
			}
			if (w.right > 0) {
				colour = tone(r.state === "failed" ? "bad" : r.current ? "accent" : r.state === "waiting" ? "soft" : "dim");
				paint.text(to, x + g.listW - w.inset - w.right, y, w.right, paint.look(px, colour, false, true), r.right, "right");
			}
		}

		function fits(r, px) {
			var w = rowWidths(r, px);
			return w.name <= w.free;
		}

		// brief leaves out the word before a row's time when its name would be cut for it.
		function brief(r, px) {
			return typeof r.brief === "string" && !fits(r, px) ? JobMon.copy(r, { right: r.brief }) : r;
		}

		// rowSize is the largest size from px down to least at which no name is cut and no word left out, but for those that are at
		// the least one too.
		function rowSize(rows, px, least) {
			var k, r;
			for (k = 0; k < rows.length && px > least; k++) {
				r = brief(rows[k], least);
				while (fits(r, least) && !fits(r, px)) {
					px--;
				}
			}
			return px;
		}

		function more(word, count) {
			return { shape: "", tone: "dim", name: JobMon.fill(words[word], { n: count }), tag: "", right: "", more: true };
		}

		// many is how many rows keep their size; a longer list has smaller letters before it hides rows.
		var many = 10;

		// draw places the rows from top on; few rows are larger ones.
		list.draw = function (to, v, top, layout) {
			var room, places, seen, k, y, px, rowH, count = v.rows.length, drawn = [], least, terse = false;
			shining = null;
			if (count === 0) {
				return;
			}
			g = layout;
			room = g.mainEnd - top - 2 * g.pad;
			least = count > many ? g.leastPx : g.rowPx;
			places = Math.max(3, Math.floor(room / (least * 1.38)));
			seen = JobMon.visible(count, v.focus, places, v.before, v.after);
			if (seen.above > 0) {
				drawn.push(more("rows.above", seen.above));
			}
			for (k = seen.first; k < seen.end; k++) {
				drawn.push(v.rows[k]);
			}
			if (seen.below > 0) {
				drawn.push(more("rows.below", seen.below));
			}
			px = Math.max(least, Math.min(g.rowLargePx, Math.floor(room / drawn.length / 1.38)));
			px = rowSize(drawn, px, least);
			rowH = Math.min(Math.floor(room / drawn.length), Math.round(px * 2.6));
			// Times of what is done stand below one another: with or without the word, but all alike.
			for (k = 0; k < drawn.length; k++) {
				drawn[k] = brief(drawn[k], px);
				terse = terse || (drawn[k].state === "succeeded" && drawn[k].right === drawn[k].brief);
			}
			paint.box(to, g.listX, top, g.listW, drawn.length * rowH + 2 * g.pad, colours.panel);
			for (k = 0, y = top + g.pad; k < drawn.length; k++, y += rowH) {
				if (k > 0) {
					paint.box(to, g.listX + g.pad, y, g.listW - 2 * g.pad, 1, colours.line);
				}
				row(to, terse && drawn[k].state === "succeeded" ? JobMon.copy(drawn[k], { right: drawn[k].brief }) : drawn[k], g.listX, y, px, rowH);
			}
		};

		// glow gives the row that runs a shade between its two, 0 to 1.
		list.glow = function (part) {
			if (shining !== null && part !== shone) {
				shining.style.backgroundColor = JobMon.mix(shades[0], shades[1], part);
				shone = part;
			}
		};
		return list;
	};
}());
