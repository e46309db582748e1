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
		var paint = JobMon.makePaint(document, stage), parts = {}, colours = settings.colours, g = null, screen = {};
		var names = ["head", "hero", "list", "bar", "foot", "code"], i, logo = null, logoWidth = 0, list = JobMon.makeList(paint, colours, words);
		var hero = JobMon.makeHero(paint, colours);

		for (i = 0; i < names.length; i++) {
			parts[names[i]] = { element: document.createElement("div"), shown: "" };
			parts[names[i]].element.className = "part";
			parts[names[i]].element.id = names[i];
			stage.appendChild(parts[names[i]].element);
		}

		function tone(name) {
			return colours[name] || colours.text;
		}

		// nameMade gives the size and the lines of the computer's name. A long one is smaller, then has two lines; only one that
		// nobody can have is cut.
		function nameMade(name, w) {
			var px, lines;
			for (px = g.namePx; px >= g.namePx * 0.6; px--) {
				if (paint.width(name, px, true) <= w) {
					return { px: px, lines: [name] };
				}
			}
			for (; px > g.leastPx; px--) {
				lines = paint.wrap(name, w, px, true, 0);
				if (lines.length <= 2 && lines.length * px * 1.24 <= g.namePx * 1.36) {
					return { px: px, lines: lines };
				}
			}
			return { px: px, lines: paint.wrap(name, w, px, true, 2) };
		}

		function head(to, v) {
			var x = g.margin, clockW = paint.width("00:00", g.namePx, false) + 4, right = g.width - g.margin, agentText, agentW = 0, agentX, place, name, k;
			if (logo !== null) {
				logo.style.left = x + "px";
				logo.style.top = g.top + "px";
				logo.height = Math.round(g.namePx * 1.2);
				logoWidth = logo.width || 0;
				to.appendChild(logo);
				x += logoWidth > 0 ? logoWidth + g.pad * 2 : 0;
			}
			name = nameMade(v.computer, right - (g.upright ? 0 : clockW + g.pad * 2) - x);
			for (k = 0; k < name.lines.length; k++) {
				paint.text(to, x, g.top + (g.namePx * 1.36 - name.lines.length * name.px * 1.24) / 2 + (k - 0.05) * name.px * 1.24, right - (g.upright ? 0 : clockW + g.pad * 2) - x,
					paint.look(name.px, tone("text"), true), name.lines[k], "computer");
			}
			if (v.clock !== "") {
				paint.text(to, right - clockW, g.clockY, clockW, paint.look(g.namePx, tone("text"), false, true), v.clock, "clock");
			}
			place = g.inner - (g.upright ? clockW + g.pad * 2 : 0);
			if (v.agent !== null) {
				agentText = paint.width(v.agent.text, g.placePx, false) < (g.upright ? place - g.placePx * 1.5 : g.inner / 2) ? v.agent.text : v.agent.brief;
				agentW = paint.width(agentText, g.placePx, false) + 2;
				agentX = g.upright ? g.margin + g.placePx * 1.25 : right - agentW;
				paint.shape(to, agentX - g.placePx * 1.25, g.agentY + g.placePx * 0.2, g.placePx, v.agent.shape, tone(v.agent.tone), colours.back);
				paint.text(to, agentX, g.agentY, agentW, paint.look(g.placePx, tone("soft"), false), agentText, "agent");
			}
			if (v.place !== "") {
				place -= g.upright || v.agent === null ? 0 : agentW + g.placePx * 2.4;
				paint.text(to, g.margin, g.placeY, place, paint.look(g.placePx, tone("dim"), false), v.place, "place");
			}
		}

		// codePlace is where the QR code stands, null where there is none. It goes before any text becomes smaller or shorter.
		function codePlace(v) {
			var at = v.code === null ? null : JobMon.codeAt(v.code.length, g), bar, foot;
			if (at === null) {
				return null;
			}
			bar = paint.width(v.done, g.donePx, true) + paint.width(v.end.text, g.donePx, true) + g.donePx;
			foot = paint.width(v.age, g.footPx, false) + (g.upright ? 0 : paint.width(v.support, g.footPx, false) + g.footPx * 1.3 + g.pad * 3);
			return bar <= at.inner && foot <= at.inner ? at : null;
		}

		function bar(to, v, inner) {
			var n = v.segments.length, k, x, next, gap, s, endW, right = g.margin + inner;
			if (v.done === "") {
				return;
			}
			gap = n > 0 && inner / n > 14 ? Math.max(2, Math.round(0.35 * g.u)) : inner / Math.max(1, n) > 5 ? 1 : 0;
			if (n === 0 || inner / n < 3) {
				paint.box(to, g.margin, g.barY, inner, g.barH, colours.line);
				paint.box(to, g.margin, g.barY, inner * v.percent / 100, g.barH, tone("accent"));
				n = 0;
			}
			for (k = 0; k < n; k++) {
				s = v.segments[k];
				x = g.margin + Math.round((inner + gap) * k / n);
				next = g.margin + Math.round((inner + gap) * (k + 1) / n) - gap;
				paint.box(to, x, g.barY, next - x, g.barH, colours.line);
				if (s.part > 0) {
					paint.box(to, x, g.barY, (next - x) * s.part, g.barH, tone(s.tone));
				}
				if (s.state === "failed" && next - x > g.barH * 1.5) {
					paint.shape(to, (x + next - g.barH) / 2, g.barY, g.barH, "cross", colours.back, tone(s.tone));
				}
			}
			// Neither the counts nor the end are ever cut: both are smaller where they have no room.
			for (k = g.donePx; k > g.leastPx && paint.width(v.done, k, true) + paint.width(v.end.text, k, true) + k > inner; k--) {
				continue;
			}
			x = paint.width(v.done, k, true) + 2;
			paint.text(to, g.margin, g.doneY, x, paint.look(k, tone("text"), true), v.done, "done");
			if (v.end.text === "") {
				return;
			}
			endW = paint.width(v.end.text, k, true) + 2;
			paint.text(to, right - endW, g.doneY, endW, paint.look(k, tone("text"), true, true), v.end.text, "end");
			next = paint.width(v.end.left, g.smallPx, false) + 2;
			if (v.end.left !== "" && next < inner - x - endW - 2 * g.donePx) {
				paint.text(to, right - endW - g.smallPx * 0.7 - next, g.doneY + (k - g.smallPx) * 1.06, next, paint.look(g.smallPx, tone("dim"), false, true), v.end.left, "left");
			}
		}

		// foot has the age, whom to call and, beside the code, what it is for; that is left out where it has no room.
		function foot(to, v, inner) {
			var x = g.margin, size = g.footPx, w, supportW = 0, right = g.margin + inner, phoneW = 0;
			if (v.aged) {
				paint.shape(to, x, g.footY + size * 0.18, size, "warn", tone("warn"), colours.back);
				x += size * 1.3;
			}
			if (v.support !== "") {
				supportW = g.upright ? inner : Math.min(inner * 0.48, paint.width(v.support, g.footPx, false) + 2);
			}
			if (inner < g.inner) {
				phoneW = paint.width(v.phone, size, false) + 2 + size;
				w = g.upright ? paint.width(v.support, size, false) : x - g.margin + paint.width(v.age, size, false) + supportW + g.pad * 4;
				phoneW = w + g.pad * 4 + phoneW < inner ? phoneW : 0;
			}
			if (phoneW > 0) {
				paint.text(to, right - phoneW, g.foot2Y, phoneW - size, paint.look(size, tone("soft"), false, true), v.phone, "phone");
				paint.shape(to, right - size * 0.75, g.foot2Y + size * 0.36, size * 0.8, "play", tone("dim"), colours.back);
				right -= phoneW + g.pad * 4;
			}
			if (v.support !== "") {
				supportW = g.upright ? right - g.margin : supportW;
				paint.text(to, g.upright ? g.margin : right - supportW, g.foot2Y, supportW, paint.look(g.footPx, tone("soft"), false, !g.upright), v.support, "support");
			}
			w = (g.upright ? g.margin + inner : right - supportW - g.pad * 2) - x;
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
			var at, inner;
			if (g === null) {
				return;
			}
			at = codePlace(v);
			inner = at === null ? g.inner : at.inner;
			part("head", [v.computer, v.place, v.clock, v.agent, logo !== null && logo.width], function (to) {
				head(to, v);
			});
			part("hero", [v.hero, v.notices, v.rows.length, v.done === ""], function (to) {
				var end = v.done === "" ? g.footY - 2 * g.u : g.mainEnd, few = Math.min(v.rows.length, 8);
				// Upright, the list is below and keeps room for a few rows.
				if (g.upright && few > 0) {
					end = g.mainEnd - few * g.rowPx * 1.4 - 2 * g.pad;
				}
				end = hero.draw(to, v, g, g.mainY, Math.round(end));
				listTop = g.upright ? end + Math.round(0.8 * g.u) : g.mainY;
			});
			part("list", [v.rows, v.focus, v.before, v.after, listTop], function (to) {
				list.draw(to, v, listTop, g);
			});
			part("bar", [v.segments, v.done, v.end, v.percent, inner], function (to) {
				bar(to, v, inner);
			});
			part("foot", [v.age, v.aged, v.support, inner], function (to) {
				foot(to, v, inner);
			});
			part("code", [at, at === null ? "" : v.code.join(" ")], function (to) {
				if (at !== null) {
					JobMon.drawCode(paint, to, v.code, at);
				}
			});
		};

		// resize takes the size of the window, and says whether it has changed.
		screen.resize = function (width, height) {
			var k;
			if (g !== null && g.width === width && g.height === height) {
				return false;
			}
			g = JobMon.layout(width, height);
			paint.forget();
			for (k = 0; k < names.length; k++) {
				parts[names[k]].shown = "";
				paint.clear(parts[names[k]].element);
			}
			return true;
		};

		// move shows a frame of the motion.
		screen.move = function (frame) {
			hero.move(frame.arrow);
			list.glow(frame.glow);
		};

		// logo shows a picture of the monitor's own folder at the top left.
		screen.logo = function (image) {
			logo = image;
			logo.className = "logo";
		};
		return screen;
	};
}());
