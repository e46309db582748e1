// The screen: what the view says, at the places of the layout. A part is drawn anew only when what it shows has changed.
(function () {
	// signature is the same for values that are drawn the same.
	function signature(value) {
		var parts, name;
		if (typeof value !== "object" || value === null) {
			return String(value);
		}
		parts = [];
		for (name in value) {
			if (JobMon.has(value, name)) {
				parts.push(name + ":" + signature(value[name]));
			}
		}
		return "{" + parts.join("\u0001") + "}";
	}

	JobMon.makeScreen = function (document, stage, settings, words) {
		var paint = JobMon.makePaint(document, stage), parts = {}, colours = settings.colours, g = null, screen = {}, beat = null, beats = 0;
		var names = ["head", "hero", "list", "bar", "foot"], i, logo = null, logoWidth = 0, list = JobMon.makeList(paint, colours, words);

		for (i = 0; i < names.length; i++) {
			parts[names[i]] = { element: document.createElement("div"), shown: "" };
			parts[names[i]].element.className = "part";
			parts[names[i]].element.id = names[i];
			stage.appendChild(parts[names[i]].element);
		}

		function tone(name) {
			return colours[name] || colours.text;
		}

		function head(to, v) {
			var x = g.margin, clockW = paint.width("00:00", g.namePx, false) + 4, half = Math.round(g.inner * 0.5), agentText = "", agentW = 0, place;
			if (logo !== null) {
				logo.style.left = x + "px";
				logo.style.top = g.top + "px";
				logo.height = Math.round(g.namePx * 1.2);
				logoWidth = logo.width || 0;
				to.appendChild(logo);
				x += logoWidth > 0 ? logoWidth + g.pad * 2 : 0;
			}
			paint.text(to, x, g.top, g.width - g.margin - clockW - g.pad * 2 - x, paint.look(g.namePx, tone("text"), true), v.computer, "computer");
			paint.text(to, g.width - g.margin - clockW, g.top, clockW, paint.look(g.namePx, tone("text"), false, true), v.clock, "clock");
			if (v.agent !== null) {
				agentText = paint.width(v.agent.text, g.placePx, false) < half ? v.agent.text : v.agent.brief;
				agentW = Math.min(half, paint.width(agentText, g.placePx, false) + 2);
			}
			place = g.inner - (v.agent === null ? 0 : agentW + g.placePx * 2.4);
			if (v.place !== "") {
				paint.text(to, g.margin, g.placeY, place, paint.look(g.placePx, tone("dim"), false), v.place, "place");
			}
			if (v.agent !== null) {
				paint.shape(to, g.width - g.margin - agentW - g.placePx * 1.25, g.placeY + g.placePx * 0.2, g.placePx, v.agent.shape, tone(v.agent.tone), colours.back);
				paint.text(to, g.width - g.margin - agentW, g.placeY, agentW, paint.look(g.placePx, tone("soft"), false, true), agentText, "agent");
			}
		}

		// lines places several lines and gives the y below them.
		function lines(to, x, y, w, how, list, name) {
			var k;
			for (k = 0; k < list.length; k++) {
				paint.text(to, x, y, w, how, list[k], name);
				y += Math.round(how.px * 1.3);
			}
			return y;
		}

		// heroName gives the size and the lines of the largest words: results on one line if that can be, names on two.
		function heroName(h, w) {
			var px = Math.round(g.heroPx * (h.big ? 1.5 : 1)), made;
			while (h.big && px > g.heroPx * 0.9 && paint.width(h.name, px, true) > w) {
				px--;
			}
			made = paint.wrap(h.name, w, px, true, 2);
			if (/\u2026$/.test(made[made.length - 1])) {
				px = g.heroSmallPx;
				made = paint.wrap(h.name, w, px, true, 2);
			}
			return { px: px, lines: made };
		}

		// heroPart draws the words in a width and gives the y below them.
		function heroPart(to, h, y, w) {
			var name, k, size = Math.round(h.big ? g.heroPx * 2.2 : g.labelPx * 1.1), labelX = g.margin, made;
			if (h.big) {
				paint.shape(to, g.margin - (h.shape === "check" ? size * 0.05 : 0), y, size, h.shape, tone(h.tone), colours.back);
				y += size + Math.round(1.2 * g.u);
			} else {
				paint.shape(to, g.margin - size * 0.12, y + g.labelPx * 0.16, size, h.shape, tone(h.tone), colours.back);
				labelX += size * 1.25;
			}
			if (h.label !== "") {
				paint.text(to, labelX, y, g.margin + w - labelX, paint.look(g.labelPx, tone(h.tone), true), h.label, "label");
				y += Math.round(g.labelPx * 1.36 + 0.4 * g.u);
			}
			name = heroName(h, w);
			for (k = 0; k < name.lines.length; k++) {
				paint.text(to, g.margin, y, w, paint.look(name.px, tone("text"), true), name.lines[k], "hero");
				y += Math.round(name.px * 1.16);
			}
			y += Math.round(0.26 * name.px + 0.4 * g.u);
			if (h.part >= 0) {
				paint.box(to, g.margin, y, w, Math.max(3, 0.8 * g.u), colours.line);
				paint.box(to, g.margin, y, w * h.part, Math.max(3, 0.8 * g.u), tone(h.tone));
				y += Math.round(2 * g.u);
			}
			for (k = 0; k < h.lines.length; k++) {
				made = paint.wrap(h.lines[k], w, g.linePx, false, 2);
				y = lines(to, g.margin, y, w, paint.look(g.linePx, tone(k === 0 ? "soft" : "dim"), false), made, "line") + Math.round(0.7 * g.u);
			}
			return y;
		}

		// measured gives a notice with its lines broken and its height; leave is 1 to leave out whom to call, which the foot says
		// as well, 2 to leave out all but the title.
		function measured(n, leave) {
			var w = g.heroW - g.titlePx * 3, m = { notice: n, leave: leave, text: [], call: [] };
			m.title = paint.wrap(n.title, w, g.titlePx, true, leave > 0 ? 1 : 2);
			if (leave < 2 && n.text !== "") {
				m.text = paint.wrap(n.text, w, g.notePx, false, 2);
			}
			if (leave < 1 && n.call) {
				m.call = [paint.fit(n.call, w, g.notePx, true)];
			}
			m.height = Math.round(2.2 * g.u + m.title.length * g.titlePx * 1.3 + (m.text.length + m.call.length) * g.notePx * 1.3);
			return m;
		}

		// fitted leaves out what there is no room for: first of the less important ones, at last these themselves.
		function fitted(notices, room) {
			var made = [], gap = Math.round(1.2 * g.u), total = -gap, k, leave;
			for (k = 0; k < notices.length; k++) {
				made.push(measured(notices[k], 0));
				total += made[k].height + gap;
			}
			for (leave = 1; leave < 3; leave++) {
				for (k = made.length - 1; k >= 0 && total > room; k--) {
					total -= made[k].height;
					made[k] = measured(notices[k], leave);
					total += made[k].height;
				}
			}
			while (made.length > 1 && total > room) {
				total -= made.pop().height + gap;
			}
			return { list: made, height: made.length === 0 ? 0 : total, gap: gap };
		}

		function noticesPart(to, all, y) {
			var k, m, n, ground, x = g.margin, size = Math.round(g.titlePx * 1.1), inside;
			for (k = 0; k < all.list.length; k++) {
				m = all.list[k];
				n = m.notice;
				ground = JobMon.mix(colours.panel, tone(n.tone), n.tone === "bad" ? 0.14 : 0.05);
				paint.box(to, x, y, g.heroW, m.height, ground);
				paint.box(to, x, y, Math.max(3, 0.6 * g.u), m.height, tone(n.tone));
				paint.shape(to, x + g.titlePx * 0.9, y + 1.1 * g.u + g.titlePx * 0.12, size, n.shape, tone(n.tone), ground);
				inside = lines(to, x + g.titlePx * 2.5, y + 1.1 * g.u, g.heroW - g.titlePx * 3, paint.look(g.titlePx, tone("text"), true), m.title, "notice");
				inside = lines(to, x + g.titlePx * 2.5, inside, g.heroW - g.titlePx * 3, paint.look(g.notePx, tone("soft"), false), m.text, "notice-text");
				lines(to, x + g.titlePx * 2.5, inside, g.heroW - g.titlePx * 3, paint.look(g.notePx, tone("text"), true), m.call, "call");
				y += m.height + all.gap;
			}
			return y - all.gap;
		}

		// hero draws words and notices; upright it gives the y where the list can begin.
		function hero(to, v) {
			var wide = v.rows.length === 0, y = g.mainY + (wide ? Math.round(5 * g.u) : 0), end = g.mainEnd, all;
			y = heroPart(to, v.hero, y, wide ? g.inner : g.heroW) + Math.round(0.6 * g.u);
			if (g.upright && !wide) {
				end = g.mainY + (g.mainEnd - g.mainY) * 0.6;
			}
			all = fitted(v.notices, end - y);
			if (all.list.length === 0) {
				return y;
			}
			return noticesPart(to, all, g.upright ? y : Math.max(y, g.mainEnd - all.height)) + Math.round(2 * g.u);
		}

		function bar(to, v) {
			var n = v.segments.length, k, x, next, gap, s, endW;
			if (v.done === "") {
				return;
			}
			gap = n > 0 && g.inner / n > 14 ? Math.max(2, Math.round(0.35 * g.u)) : g.inner / Math.max(1, n) > 5 ? 1 : 0;
			if (n === 0 || g.inner / n < 3) {
				paint.box(to, g.margin, g.barY, g.inner, g.barH, colours.line);
				paint.box(to, g.margin, g.barY, g.inner * v.percent / 100, g.barH, tone("accent"));
				n = 0;
			}
			for (k = 0; k < n; k++) {
				s = v.segments[k];
				x = g.margin + Math.round((g.inner + gap) * k / n);
				next = g.margin + Math.round((g.inner + gap) * (k + 1) / n) - gap;
				paint.box(to, x, g.barY, next - x, g.barH, colours.line);
				if (s.part > 0) {
					paint.box(to, x, g.barY, (next - x) * s.part, g.barH, tone(s.tone));
				}
				if (s.state === "failed" && next - x > g.barH * 1.5) {
					paint.shape(to, (x + next - g.barH) / 2, g.barY, g.barH, "cross", colours.back, tone(s.tone));
				}
			}
			k = Math.round(g.inner * 0.36);
			paint.text(to, g.margin, g.doneY, k, paint.look(g.donePx, tone("text"), true), v.done, "done");
			endW = paint.width(v.end.text, g.donePx, true) + 2;
			if (v.end.text !== "") {
				k = g.inner - k - g.pad;
				paint.text(to, g.width - g.margin - Math.min(k, endW), g.doneY, Math.min(k, endW), paint.look(g.donePx, tone("text"), true, true), v.end.text, "end");
				next = k - endW - g.donePx;
				if (v.end.left !== "" && paint.width(v.end.left, g.donePx, false) < next) {
					paint.text(to, g.width - g.margin - endW - g.donePx - next, g.doneY, next, paint.look(g.donePx, tone("dim"), false, true), v.end.left, "left");
				}
			}
		}

		// The track of the sign of life is drawn with the foot; what moves on it is the beat, once a second.
		function trackWidth() {
			return Math.round(5 * g.u);
		}

		function foot(to, v) {
			var x = g.margin + trackWidth() + Math.round(1.6 * g.u), size = g.footPx, w, supportW = 0;
			paint.box(to, g.margin, g.footY + g.footPx * 0.68 - 1, trackWidth(), Math.max(2, 0.2 * g.u), colours.line);
			if (v.aged) {
				paint.shape(to, x, g.footY + size * 0.18, size, "warn", tone("warn"), colours.back);
				x += size * 1.3;
			}
			if (v.support !== "") {
				supportW = g.upright ? g.inner : Math.min(g.inner * 0.48, paint.width(v.support, g.footPx, false) + 2);
				paint.text(to, g.upright ? g.margin : g.width - g.margin - supportW, g.foot2Y, supportW,
					paint.look(g.footPx, tone("soft"), false, !g.upright), v.support, "support");
			}
			w = g.width - g.margin - x - (g.upright ? 0 : supportW + g.pad * 2);
			paint.text(to, x, g.footY, w, paint.look(g.footPx, tone(v.aged ? "warn" : "dim"), false), v.age, "age");
		}

		// part draws one part when it has changed; it says whether it did.
		function part(name, shows, draw) {
			var p = parts[name], now = signature(shows), fresh;
			if (p.shown === now) {
				return false;
			}
			fresh = p.element;
			paint.clear(fresh);
			p.shown = "";
			draw(fresh);
			p.shown = now;
			return true;
		}

		var listTop = 0;

		// show draws what has changed since the last time.
		screen.show = function (v) {
			if (g === null) {
				return;
			}
			part("head", [v.computer, v.place, v.clock, v.agent, logo !== null && logo.width], function (to) {
				head(to, v);
			});
			part("hero", [v.hero, v.notices, v.rows.length === 0], function (to) {
				var below = hero(to, v);
				listTop = g.upright ? below : g.mainY;
			});
			part("list", [v.rows, v.focus, v.before, v.after, listTop], function (to) {
				list(to, v, listTop, g);
			});
			part("bar", [v.segments, v.done, v.end, v.percent], function (to) {
				bar(to, v);
			});
			part("foot", [v.age, v.aged, v.support], function (to) {
				foot(to, v);
			});
		};

		// resize takes the size of the window, and says whether it has changed.
		screen.resize = function (width, height) {
			var k, size;
			if (g !== null && g.width === width && g.height === height) {
				return false;
			}
			g = JobMon.layout(width, height);
			paint.forget();
			for (k = 0; k < names.length; k++) {
				parts[names[k]].shown = "";
				paint.clear(parts[names[k]].element);
			}
			if (beat !== null) {
				stage.removeChild(beat);
			}
			size = Math.max(4, Math.round(0.9 * g.u));
			beat = paint.box(stage, g.margin, g.footY + g.footPx * 0.68 - size / 2, size, size, tone("accent"));
			beat.id = "beat";
			return true;
		};

		// alive moves the sign of life one step.
		screen.alive = function () {
			var steps = 8, k = beats % (2 * steps);
			beats++;
			if (beat !== null) {
				beat.style.left = g.margin + Math.round((trackWidth() - parseInt(beat.style.width, 10)) * (k < steps ? k : 2 * steps - k) / steps) + "px";
			}
		};

		// logo shows a picture of the monitor's own folder at the top left.
		screen.logo = function (image) {
			logo = image;
			logo.className = "logo";
		};
		return screen;
	};
}());
