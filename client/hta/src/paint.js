// Placing text, rectangles and shapes. Everything is placed by number, so that no engine's own ideas of layout matter;
// what the file says comes in as text nodes only.
(function () {
	// makePaint needs the document and an element of it to draw in.
	JobMon.makePaint = function (document, stage) {
		var paint = {}, ruler = document.createElement("span"), widths = {}, kept = 0, shapes = {};
		ruler.className = "ruler";
		ruler.appendChild(document.createTextNode(""));
		stage.appendChild(ruler);

		// width of a text in pixels. Measuring is slow in old engines, so that widths are kept for a while.
		paint.width = function (text, px, bold) {
			var key = px + (bold ? "b" : "n") + text;
			if (!JobMon.has(widths, key)) {
				if (kept > 2000) {
					widths = {};
					kept = 0;
				}
				ruler.style.fontSize = px + "px";
				ruler.style.fontWeight = bold ? "bold" : "normal";
				ruler.firstChild.nodeValue = text;
				widths[key] = ruler.offsetWidth;
				kept++;
			}
			return widths[key];
		};

		// A text may be cut where no letter is torn from its second half or its accents.
		function whole(text, end) {
			while (end > 0 && /[\udc00-\udfff\u0300-\u036f\u200d\ufe0e\ufe0f]/.test(text.charAt(end))) {
				end--;
			}
			return end;
		}

		// fitting is how many letters of a text fit, when made gives what is shown of so many.
		function fitting(text, width, px, bold, made) {
			var least = 0, most = text.length, middle;
			while (least < most) {
				middle = Math.ceil((least + most) / 2);
				if (paint.width(made(middle), px, bold) <= width) {
					least = middle;
				} else {
					most = middle - 1;
				}
			}
			return least;
		}

		// fit shortens a text that is wider than so many pixels. Its end stays: names that begin alike differ there.
		paint.fit = function (text, width, px, bold) {
			function shown(letters) {
				var tail = Math.floor(letters / 3), from = text.length - tail;
				while (from < text.length && whole(text, from) !== from) {
					from++;
				}
				return JobMon.trim(text.substr(0, whole(text, letters - tail))) + "\u2026" + JobMon.trim(text.substr(from));
			}
			if (paint.width(text, px, bold) <= width) {
				return text;
			}
			return shown(fitting(text, width, px, bold, shown));
		};

		// broken takes a word apart that is wider than a line: at a space that keeps words together, else between letters.
		function broken(word, width, px, bold) {
			var made = [], end, at;
			function begin(letters) {
				return word.substr(0, letters);
			}
			while (word.length > 1 && paint.width(word, px, bold) > width) {
				end = Math.max(1, whole(word, fitting(word, width, px, bold, begin)));
				for (at = end; at > 0 && word.charAt(at) !== "\u00a0"; at--) {
					continue;
				}
				made.push(word.substr(0, at > 0 ? at : end));
				word = word.substr(at > 0 ? at + 1 : end);
			}
			made.push(word);
			return made;
		}

		// wrap breaks a text into lines. Where they are limited, the last one is shortened; 0 is no limit.
		paint.wrap = function (text, width, px, bold, limit) {
			var made = [], words = text.split(" "), line = "", parts, i, k;
			for (i = 0; i < words.length; i++) {
				if (line !== "" && paint.width(line + " " + words[i], px, bold) <= width) {
					line += " " + words[i];
					continue;
				}
				parts = broken(words[i], width, px, bold);
				for (k = 0; k < parts.length; k++) {
					if (line !== "") {
						made.push(line);
					}
					line = parts[k];
				}
			}
			made.push(line);
			if (limit > 0 && made.length > limit) {
				made[limit - 1] = paint.fit(made.slice(limit - 1).join(" "), width, px, bold);
				made.length = limit;
			}
			// No line begins or ends with the dot between facts.
			for (i = 0; i < made.length; i++) {
				made[i] = JobMon.trim(made[i].replace(/^\s*\u00b7\s|\s\u00b7\s*$/g, ""));
			}
			return made;
		};

		paint.clear = function (element) {
			while (element.firstChild) {
				element.removeChild(element.firstChild);
			}
		};

		// box places a rectangle; colour "" is none.
		paint.box = function (parent, x, y, w, h, colour) {
			var box = document.createElement("div"), style = box.style;
			box.className = "box";
			style.left = Math.round(x) + "px";
			style.top = Math.round(y) + "px";
			style.width = Math.max(0, Math.round(w)) + "px";
			style.height = Math.max(0, Math.round(h)) + "px";
			if (colour !== "") {
				style.backgroundColor = colour;
			}
			parent.appendChild(box);
			return box;
		};

		paint.look = function (px, colour, bold, right) {
			return { px: px, colour: colour, bold: bold, right: right };
		};

		// text places one line, shortened to its width. look: {px, colour, bold, right}; name is what tests find it
		// by.
		paint.text = function (parent, x, y, w, look, text, name) {
			var box = paint.box(parent, x, y, w, look.px * 1.36, "");
			box.className = "text";
			box.style.fontSize = look.px + "px";
			box.style.lineHeight = Math.round(look.px * 1.36) + "px";
			box.style.color = look.colour;
			box.style.fontWeight = look.bold ? "bold" : "normal";
			box.style.textAlign = look.right ? "right" : "left";
			if (JobMon.rightToLeft(text)) {
				box.dir = "rtl";
			}
			if (name) {
				box.setAttribute("data-part", name);
			}
			box.appendChild(document.createTextNode(paint.fit(text, w, look.px, look.bold)));
			return box;
		};

		// shape places a shape of a size in a colour on a ground of another.
		paint.shape = function (parent, x, y, size, shape, colour, ground) {
			var key = [shape, size, colour, ground].join(" "), runs, box, i, r, one;
			size = Math.round(size);
			if (!JobMon.has(shapes, key)) {
				box = document.createElement("div");
				box.className = "box";
				box.setAttribute("data-shape", shape);
				box.style.width = size + "px";
				box.style.height = size + "px";
				runs = JobMon.runs(shape, size);
				for (i = 0; i < runs.length; i++) {
					r = runs[i];
					one = paint.box(box, r[0], r[1], r[2], r[3], JobMon.mix(ground, colour, r[4]));
					one.className = "run";
				}
				shapes[key] = box;
			}
			box = shapes[key].cloneNode(true);
			box.style.left = Math.round(x) + "px";
			box.style.top = Math.round(y) + "px";
			parent.appendChild(box);
			return box;
		};

		// forget drops the shapes that were kept, after the screen's size or colours have changed.
		paint.forget = function () {
			shapes = {};
			widths = {};
			kept = 0;
		};
		return paint;
	};
}());
