// Shapes drawn with small rectangles. Fonts of old systems lack check marks and the like, and old engines have neither
// rotation nor transparent borders; but all of them can place a rectangle. Each shape is a distance from its edge, so that
// it is smooth at every size: pixels that it covers in part get a colour in between.
(function () {
	function toSegment(x, y, ax, ay, bx, by) {
		var dx = bx - ax, dy = by - ay, t = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
		t = t < 0 ? 0 : t > 1 ? 1 : t;
		dx = x - ax - t * dx;
		dy = y - ay - t * dy;
		return Math.sqrt(dx * dx + dy * dy);
	}

	function toPoint(x, y, px, py) {
		return Math.sqrt((x - px) * (x - px) + (y - py) * (y - py));
	}

	function ring(x, y, radius, half) {
		return Math.abs(toPoint(x, y, 0.5, 0.5) - radius) - half;
	}

	function frame(x, y, left, top, right, bottom) {
		return Math.min(
			toSegment(x, y, left, top, right, top), toSegment(x, y, right, top, right, bottom), toSegment(x, y, right, bottom, left, bottom), toSegment(x, y, left, bottom, left, top)
		);
	}

	// triangle with the corners in the order in which a clock's hand passes them.
	function triangle(x, y, c) {
		var far = -9, i, k, dx, dy;
		for (i = 0; i < 6; i += 2) {
			k = (i + 2) % 6;
			dx = c[k] - c[i];
			dy = c[k + 1] - c[i + 1];
			far = Math.max(far, ((x - c[i]) * dy - (y - c[i + 1]) * dx) / Math.sqrt(dx * dx + dy * dy));
		}
		return far;
	}

	// In a square of side 1, y going down: less than 0 is inside.
	var distances = {
		check: function (x, y) {
			return Math.min(toSegment(x, y, 0.13, 0.54, 0.39, 0.79), toSegment(x, y, 0.39, 0.79, 0.88, 0.23)) - 0.085;
		},
		cross: function (x, y) {
			return Math.min(toSegment(x, y, 0.19, 0.19, 0.81, 0.81), toSegment(x, y, 0.81, 0.19, 0.19, 0.81)) - 0.09;
		},
		play: function (x, y) {
			return triangle(x, y, [0.25, 0.16, 0.84, 0.5, 0.25, 0.84]) - 0.06;
		},
		ring: function (x, y) {
			return ring(x, y, 0.34, 0.045);
		},
		dot: function (x, y) {
			return toPoint(x, y, 0.5, 0.5) - 0.3;
		},
		clock: function (x, y) {
			return Math.min(ring(x, y, 0.4, 0.05), Math.min(toSegment(x, y, 0.5, 0.5, 0.5, 0.26), toSegment(x, y, 0.5, 0.5, 0.66, 0.58)) - 0.045);
		},
		none: function (x, y) {
			return Math.min(ring(x, y, 0.38, 0.05), toSegment(x, y, 0.24, 0.76, 0.76, 0.24) - 0.05);
		},
		pause: function (x, y) {
			return Math.min(toSegment(x, y, 0.34, 0.24, 0.34, 0.76), toSegment(x, y, 0.66, 0.24, 0.66, 0.76)) - 0.1;
		},
		parcel: function (x, y) {
			return Math.min(frame(x, y, 0.1, 0.2, 0.9, 0.88), toSegment(x, y, 0.1, 0.42, 0.9, 0.42), toSegment(x, y, 0.5, 0.2, 0.5, 0.42)) - 0.035;
		},
		screen: function (x, y) {
			return Math.min(frame(x, y, 0.06, 0.14, 0.94, 0.7), toSegment(x, y, 0.5, 0.7, 0.5, 0.86), toSegment(x, y, 0.3, 0.88, 0.7, 0.88)) - 0.035;
		},
		question: function (x, y) {
			var ends = Math.min(toPoint(x, y, 0.3, 0.36), toPoint(x, y, 0.5, 0.56));
			var bow = (x < 0.5 && y > 0.36 ? ends : Math.abs(toPoint(x, y, 0.5, 0.36) - 0.2)) - 0.06;
			return Math.min(bow, toSegment(x, y, 0.5, 0.56, 0.5, 0.64) - 0.06, toPoint(x, y, 0.5, 0.84) - 0.075);
		},
		warn: function (x, y) {
			var hole = Math.min(toSegment(x, y, 0.5, 0.38, 0.5, 0.58), toPoint(x, y, 0.5, 0.74) + 0.01) - 0.055;
			return Math.max(triangle(x, y, [0.5, 0.14, 0.9, 0.82, 0.1, 0.82]) - 0.06, -hole);
		}
	};

	function channel(colour, i) {
		return parseInt(colour.substr(1 + 2 * i, 2), 16);
	}

	// mix is a colour between two: part 0 is the first, 1 the second.
	JobMon.mix = function (from, to, part) {
		var mixed = "#", i, n;
		for (i = 0; i < 3; i++) {
			n = Math.round(channel(from, i) + (channel(to, i) - channel(from, i)) * part);
			mixed += (n < 16 ? "0" : "") + n.toString(16);
		}
		return mixed;
	};

	// runs gives the rectangles of a shape: [x, y, width, height, part], part being how much of the pixels is covered, in
	// fifths. Equal lines below one another are one rectangle.
	JobMon.runs = function (shape, size) {
		var distance = distances[shape], runs = [], before = "", begin = 0, x, y, level, pixels, from, last, i, text, far;
		for (y = 0; y < size; y++) {
			pixels = [];
			last = 0;
			from = 0;
			// No edge is nearer than the distance says: as many pixels are like this one.
			for (x = 0; x <= size; x += Math.max(1, Math.floor(Math.abs(far) + 0.5))) {
				far = x === size ? 1 : size * distance((x + 0.5) / size, (y + 0.5) / size);
				level = Math.round(5 * Math.max(0, Math.min(1, 0.5 - far)));
				if (level !== last) {
					if (last > 0) {
						pixels.push([from, x - from, last]);
					}
					from = x;
					last = level;
				}
			}
			if (last > 0) {
				pixels.push([from, size - from, last]);
			}
			text = pixels.join(";");
			if (text === before && text !== "") {
				for (i = begin; i < runs.length; i++) {
					runs[i][3]++;
				}
				continue;
			}
			before = text;
			begin = runs.length;
			for (i = 0; i < pixels.length; i++) {
				runs.push([pixels[i][0], y, pixels[i][1], 1, pixels[i][2] / 5]);
			}
		}
		return runs;
	};
}());
