// Strict JSON after RFC 8259, read without eval: what is not JSON throws. The caller bounds the length of the text;
// nesting is bounded here. A name that comes twice in one object is refused, as two readers could take different ones.
(function () {
	var deepest = 12;
	var escapes = { "\"": "\"", "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
	var number = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?/;
	var control = /[\u0000-\u001f]/;
	var hexadecimal = /^[0-9a-fA-F]{4}$/;

	JobMon.parseJson = function (text) {
		var at = 0, depth = 0;

		function fail(what) {
			throw new Error(what + " at " + at);
		}

		function skip() {
			var c = text.charAt(at);
			while (c === " " || c === "\t" || c === "\n" || c === "\r") {
				at++;
				c = text.charAt(at);
			}
		}

		function expect(c) {
			if (text.charAt(at) !== c) {
				fail("no " + c);
			}
			at++;
		}

		function word(letters, value) {
			if (text.substr(at, letters.length) !== letters) {
				fail("unknown word");
			}
			at += letters.length;
			return value;
		}

		// string goes from backslash to backslash rather than from letter to letter: old engines are slow.
		function string() {
			var parts = [], end, piece, back, escaped, hex;
			expect("\"");
			for (;;) {
				end = text.indexOf("\"", at);
				if (end < 0) {
					fail("string without end");
				}
				piece = text.substring(at, end);
				back = piece.indexOf("\\");
				if (back >= 0) {
					piece = piece.substr(0, back);
				}
				if (control.test(piece)) {
					fail("control character");
				}
				parts.push(piece);
				if (back < 0) {
					at = end + 1;
					return parts.join("");
				}
				at += back;
				escaped = text.charAt(at + 1);
				if (escaped === "u") {
					hex = text.substr(at + 2, 4);
					if (!hexadecimal.test(hex)) {
						fail("bad escape");
					}
					parts.push(String.fromCharCode(parseInt(hex, 16)));
					at += 6;
				} else if (escaped !== "" && JobMon.has(escapes, escaped)) {
					parts.push(escapes[escaped]);
					at += 2;
				} else {
					fail("bad escape");
				}
			}
		}

		function object() {
			var found = {}, name;
			expect("{");
			skip();
			if (text.charAt(at) === "}") {
				at++;
				return found;
			}
			for (;;) {
				skip();
				name = string();
				if (JobMon.has(found, name)) {
					fail("name twice");
				}
				skip();
				expect(":");
				// Newer engines take this name for something else than a name; nothing of ours is called so.
				if (name === "__proto__") {
					value();
				} else {
					found[name] = value();
				}
				skip();
				if (text.charAt(at) === "}") {
					at++;
					return found;
				}
				expect(",");
			}
		}

		function array() {
			var found = [];
			expect("[");
			skip();
			if (text.charAt(at) === "]") {
				at++;
				return found;
			}
			for (;;) {
				found.push(value());
				skip();
				if (text.charAt(at) === "]") {
					at++;
					return found;
				}
				expect(",");
			}
		}

		function value() {
			var c, found;
			skip();
			c = text.charAt(at);
			if (c === "{" || c === "[") {
				depth++;
				if (depth > deepest) {
					fail("nested too deep");
				}
				found = c === "{" ? object() : array();
				depth--;
				return found;
			}
			switch (c) {
			case "\"":
				return string();
			case "t":
				return word("true", true);
			case "f":
				return word("false", false);
			case "n":
				return word("null", null);
			}
			found = number.exec(text.substr(at, 40));
			if (!found) {
				fail("no value");
			}
			at += found[0].length;
			return Number(found[0]);
		}

		var result = value();
		skip();
		if (at !== text.length) {
			fail("more behind the end");
		}
		return result;
	};
}());
