// The large words on the left and the notices below them. Both are measured before anything is drawn: when there is no room
// for all, less is said in each of them in a fixed order, and what needs somebody goes last.
(function () {
	// How much is said, from plenty of room to none, as [words, first notice, other notices, brief]: see heroMade for the
	// words; notices are so large a part of their usual size.
	var steps = [[0, 1, 1, false], [1, 1, 1, false], [1, 1, 0.75, false], [1, 1, 0.75, true], [2, 1, 0.75, true], [3, 1, 0.75, true], [4, 1, 0.75, true]];
	var smaller = [[4, 0.92, 0.75, true], [4, 0.84, 0.7, true], [4, 0.75, 0.7, true]];
	var smallest = [[4, 0.67, 0.6, true], [4, 0.6, 0.55, true], [4, 0.52, 0.52, true]];

	// makeHero gives an object whose draw places both and returns the y below them, and whose moving is the arrow.
	JobMon.makeHero = function (paint, colours) {
		var hero = { moving: null }, g = null;

		function tone(name) {
			return colours[name] || colours.text;
		}

		// column collects what stands below one another: add takes its height and what draws it at a y.
		function column() {
			var parts = [], made = { height: 0 };
			made.add = function (height, draw) {
				parts.push({ y: made.height, draw: draw });
				made.height += Math.round(height);
			};
			made.text = function (list, x, w, look, high, name) {
				var k;
				function one(text) {
					made.add(look.px * high, function (to, y) {
						paint.text(to, x, y, w, look, text, name);
					});
				}
				for (k = 0; k < list.length; k++) {
					one(list[k]);
				}
			};
			made.draw = function (to, y) {
				var k;
				for (k = 0; k < parts.length; k++) {
					parts[k].draw(to, y + parts[k].y);
				}
			};
			return made;
		}

		// lane is the way from a package to the PC, with dots, and the arrow on it.
		function lane(to, x, y, w, high, how) {
			var size = high * 0.94, gap = 1.6 * g.u, dot = Math.max(2, Math.round(0.3 * g.u)), every = 1.5 * g.u, k, px = Math.round(high * 1.5), arrow, span, wide;
			paint.shape(to, x, y + high * 0.03, size, "parcel", tone("soft"), colours.back);
			paint.shape(to, x + w - size, y + high * 0.03, size, "screen", tone("soft"), colours.back);
			x += size + gap;
			w -= 2 * (size + gap);
			for (k = 0; k * every < w - dot; k++) {
				paint.box(to, x + k * every, y + (high - dot) / 2, dot, dot, JobMon.mix(colours.back, tone("dim"), 0.5));
			}
			wide = paint.width("\u203a\u203a\u203a", px, true);
			if (how === "rests" || w < wide * 1.5) {
				return;
			}
			// Letters, as pieces of a shape would be too many to move ten times a second.
			arrow = paint.box(to, x, y - 0.13 * px, wide + 2, high, "");
			arrow.className = "arrow";
			arrow.style.fontSize = px + "px";
			arrow.style.lineHeight = Math.round(high) + "px";
			for (k = 1; k <= 3; k++) {
				span = arrow.ownerDocument.createElement("span");
				span.style.color = JobMon.mix(colours.back, tone("accent"), [0, 0.3, 0.6, 1][k]);
				span.appendChild(arrow.ownerDocument.createTextNode("\u203a"));
				arrow.appendChild(span);
			}
			hero.moving = { element: arrow, from: Math.round(x), way: Math.round(w - wide) };
			hero.move(how === "moves" ? 0 : 0.5);
		}

		// move places the arrow on its way, 0 to 1; -1 is the end, where it rests.
		hero.move = function (part) {
			var m = hero.moving;
			if (m !== null) {
				m.element.style.left = m.from + Math.round(m.way * (part < 0 ? 1 : part)) + "px";
			}
		};

		// nameMade gives the size and the lines of the largest words.
		function nameMade(h, w, level) {
			var px, k, tries, lines;
			var most = h.big && level === 0 ? g.heroPx * 1.5 : g.heroPx, least = level < 4 ? g.heroPx : g.rowPx;
			for (px = Math.round(most); px >= least; px -= 2) {
				if (paint.width(h.name, px, true) <= w) {
					return { px: px, lines: [h.name] };
				}
			}
			tries = level < 4 ? [[g.heroPx, 2], [Math.round(g.heroPx * 0.68), 2], [g.rowPx, 3]] : [[g.rowPx, 2], [g.leastPx, 3]];
			for (k = 0; k < tries.length; k++) {
				px = tries[k][0];
				lines = paint.wrap(h.name, w, px, true, 0);
				if (lines.length <= tries[k][1]) {
					return { px: px, lines: lines };
				}
			}
			return { px: px, lines: paint.wrap(h.name, w, px, true, 3) };
		}

		function labelled(made, h, w, level) {
			var size = Math.round(g.labelPx * 1.1), high = h.lane !== "" && level > 0 ? 5.6 * g.u : g.labelPx * 1.36, x = g.margin + (h.big ? 0 : size * 1.25);
			made.add(high + 0.3 * g.u, function (to, y) {
				var labelW = paint.width(h.label, g.labelPx, true) + 2, top = y + (high - g.labelPx * 1.36) / 2;
				if (!h.big) {
					paint.shape(to, g.margin - size * 0.12, top + g.labelPx * 0.16, size, h.shape, tone(h.tone), colours.back);
				}
				paint.text(to, x, top, Math.min(labelW, w - size * 1.25), paint.look(g.labelPx, tone(h.tone), true), h.label, "label");
				if (h.lane !== "" && level > 0) {
					lane(to, x + labelW + 3 * g.u, y, g.margin + w - x - labelW - 3 * g.u, high, h.lane);
				}
			});
		}

		function factsMade(made, h, w, level) {
			var k, x, small = paint.look(g.smallPx, tone("dim"), false), after = h.after.slice(0), lines, widest;

			// behind places what stands behind the first fact, without what there is no room for.
			function behind(to, y) {
				if (after.length > 0) {
					paint.text(to, x, y - g.linePx * 1.3 + (g.linePx - g.smallPx) * 1.06, g.margin + w - x, small, JobMon.joined(after), "after");
				}
			}

			function fits() {
				return paint.width(JobMon.joined(after), g.smallPx, false) < g.margin + w - x;
			}

			for (k = 0; k < h.facts.length && (k === 0 || level < 2); k++) {
				lines = paint.wrap(h.facts[k], w, k === 0 ? g.linePx : g.smallPx, false, 0);
				x = k > 0 ? x : g.margin + paint.width(lines[lines.length - 1], g.linePx, false) + g.linePx * 0.5;
				widest = k === 0 && after.length > 0 && lines.length === 1 ? x - g.margin - g.linePx * 0.4 : w;
				made.text(lines, g.margin, widest, k === 0 ? paint.look(g.linePx, tone("soft"), false) : small, 1.3, "line");
				if (k === 0 && after.length > 0 && level === 0 && !fits()) {
					made.text(paint.wrap(JobMon.joined(after), w, g.smallPx, false, 2), g.margin, w, small, 1.3, "after");
				} else if (k === 0 && lines.length === 1) {
					while (after.length > 0 && !fits()) {
						after.length--;
					}
					made.add(0, behind);
				}
				made.add(0.6 * g.u, function () {
					return;
				});
			}
			if (level === 0) {
				for (k = 0; k < h.extra.length; k++) {
					made.text(paint.wrap(h.extra[k], w, g.linePx, false, 2), g.margin, w, paint.look(g.linePx, tone("dim"), false), 1.3, "line");
				}
			}
			if (h.todo !== "") {
				made.text(paint.wrap(h.todo, w, g.notePx, true, 0), g.margin, w, paint.look(g.notePx, tone("text"), true), 1.24, "todo");
			}
		}

		// heroMade gives a column of the words. level 0 has all of it, large; at 1 the way of the arrow moves up beside the label,
		// and a result's sign beside its name; at 2 only the first fact stays, at 3 the label goes, at 4 a long name is smaller.
		function heroMade(h, w, level) {
			var made = column(), size = Math.round(g.heroPx * 2.2), name, inline = h.big && level > 0 ? Math.round(g.heroPx * 1.25) : 0;
			if (h.big && level === 0) {
				made.add(size + 1.2 * g.u, function (to, y) {
					paint.shape(to, g.margin - (h.shape === "check" ? size * 0.05 : 0), y, size, h.shape, tone(h.tone), colours.back);
				});
			}
			if (h.label !== "" && level < 3) {
				labelled(made, h, w, h.big ? 0 : level);
			}
			name = nameMade(h, w - inline, level);
			if (inline > 0) {
				made.add(0, function (to, y) {
					paint.shape(to, g.margin, y + (name.px * 1.36 - g.heroPx) / 2, g.heroPx, h.shape, tone(h.tone), colours.back);
				});
			}
			made.text(name.lines, g.margin + inline, w - inline, paint.look(name.px, tone("text"), true), 1.16, "hero");
			made.add(0.26 * name.px + 0.4 * g.u, function () {
				return;
			});
			if (h.lane !== "" && level === 0) {
				made.add(11 * g.u, function (to, y) {
					lane(to, g.margin, y + 0.6 * g.u, w, 9 * g.u, h.lane);
				});
			}
			if (h.part >= 0) {
				made.add(2 * g.u, function (to, y) {
					paint.box(to, g.margin, y, w, Math.max(3, 0.8 * g.u), colours.line);
					paint.box(to, g.margin, y, w * h.part, Math.max(3, 0.8 * g.u), tone(h.tone));
				});
			}
			factsMade(made, h, w, level);
			return made;
		}

		// noticeMade gives a column of one notice: what is the matter, its facts, and what to do. None of them is ever left out.
		function noticeMade(n, w, part, brief) {
			var made = column(), px = Math.max(g.leastPx, Math.round(g.notePx * part)), x = g.margin + px * 1.75, inside = w - px * 2.15, body = column();
			var ground = JobMon.mix(colours.panel, tone(n.tone), n.tone === "bad" ? 0.14 : 0.05), edge = 0.3 * px;
			body.text(paint.wrap(n.title, inside, px, true, 0), x, inside, paint.look(px, tone("text"), true), 1.22, "notice");
			if (n.text !== "") {
				body.text(paint.wrap(brief && n.brief || n.text, inside, px, false, 0), x, inside, paint.look(px, tone("soft"), false), 1.22, "notice-text");
			}
			if (n.todo !== "") {
				body.text(paint.wrap(n.todo, inside, px, true, 0), x, inside, paint.look(px, tone("text"), true), 1.22, "call");
			}
			made.add(body.height + 2 * edge + 0.14 * px, function (to, y) {
				paint.box(to, g.margin, y, w, body.height + 2 * edge + 0.14 * px, ground);
				paint.box(to, g.margin, y, Math.max(3, 0.6 * g.u), body.height + 2 * edge + 0.14 * px, tone(n.tone));
				paint.shape(to, g.margin + px * 0.6, y + edge + px * 0.2, px * 0.9, n.shape, tone(n.tone), ground);
				body.draw(to, y + edge);
			});
			return made;
		}

		// tried measures words and so many notices at a step: {words, list, height of the notices, all}.
		function tried(v, notices, w, noticeW, step) {
			var made = { words: heroMade(v.hero, w, step[0]), list: [], height: 0, gap: Math.round(1.4 * g.u) }, k;
			for (k = 0; k < notices.length; k++) {
				made.list.push(noticeMade(notices[k], noticeW, step[k === 0 ? 1 : 2], step[3]));
				made.height += made.list[k].height + (k > 0 ? made.gap : 0);
			}
			made.all = made.words.height + (notices.length > 0 ? made.gap + made.height : 0);
			return made;
		}

		// planned finds what fits into a height: first by the words' room, then by smaller letters; what is good to know goes before
		// what is wrong is made smaller, whole notices go last, the least important first.
		function planned(v, w, noticeW, room) {
			var some = v.notices.slice(0), urgent = [], k, made;

			function fits(list) {
				for (k = 0; k < list.length; k++) {
					made = tried(v, some, w, noticeW, list[k]);
					if (made.all <= room) {
						return true;
					}
				}
				return false;
			}

			if (fits(steps)) {
				return made;
			}
			for (k = 0; k < some.length; k++) {
				if (some[k].tone === "bad" || some[k].tone === "warn") {
					urgent.push(some[k]);
				}
			}
			some = urgent.length > 0 ? urgent : some.slice(0, 1);
			if (fits(steps) || fits(smaller)) {
				return made;
			}
			while (some.length > 2) {
				some.length--;
				if (fits(smaller)) {
					return made;
				}
			}
			if (fits(smallest)) {
				return made;
			}
			some.length = 1;
			fits(steps.concat(smaller, smallest));
			return made;
		}

		// draw places words and notices between two heights; alone they have the whole width.
		hero.draw = function (to, v, layout, y, end) {
			var wide = v.rows.length === 0, w, made, k, at;
			g = layout;
			hero.moving = null;
			w = wide ? g.inner : g.heroW;
			made = planned(v, w, w, end - y);
			if (wide) {
				y += Math.max(0, Math.round((end - y - made.all) * 0.35));
			}
			made.words.draw(to, y);
			y += made.words.height + made.gap;
			at = g.upright || wide ? y : Math.max(y, end - made.height);
			for (k = 0; k < made.list.length; k++) {
				made.list[k].draw(to, at);
				at += made.list[k].height + made.gap;
			}
			return made.list.length > 0 ? at + made.gap : y + made.gap;
		};
		return hero;
	};
}());
