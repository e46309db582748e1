// What the other parts share. The whole is one script in ECMAScript 3, as Windows XP has it: no JSON, no forEach, no trim,
// no letters of a string by index, no comma behind the last item. A test refuses what is newer.
var JobMon = {};

(function () {
	JobMon.has = function (object, name) {
		return Object.prototype.hasOwnProperty.call(object, name);
	};

	JobMon.trim = function (text) {
		return text.replace(/^[\s\u00a0\ufeff]+/, "").replace(/[\s\u00a0\ufeff]+$/, "");
	};

	// copy gives a new object with the properties of both; those of the second win.
	JobMon.copy = function (first, second) {
		var both = {}, name;
		for (name in first) {
			if (JobMon.has(first, name)) {
				both[name] = first[name];
			}
		}
		for (name in second) {
			if (JobMon.has(second, name)) {
				both[name] = second[name];
			}
		}
		return both;
	};

	// paired replaces halves of characters, which no engine shows in the same way.
	function paired(text) {
		var whole = "", i, c, next;
		if (!/[\ud800-\udfff]/.test(text)) {
			return text;
		}
		for (i = 0; i < text.length; i++) {
			c = text.charCodeAt(i);
			next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
			if (c >= 0xd800 && c <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) {
				whole += text.substr(i, 2);
				i++;
			} else {
				whole += c >= 0xd800 && c <= 0xdfff ? "\ufffd" : text.charAt(i);
			}
		}
		return whole;
	}

	// clean makes a name safe to show on one line: control characters become spaces; marks that turn the direction of the
	// text around them, or that nobody sees, go.
	JobMon.clean = function (text) {
		text = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
		text = text.replace(/[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/g, "");
		text = paired(text);
		return JobMon.trim(text.replace(/[\s\u00a0]+/g, " "));
	};

	// rightToLeft says whether the text's first letter with a direction is written from right to left.
	JobMon.rightToLeft = function (text) {
		var found = /[A-Za-z\u00aa-\u02b8\u0370-\u058f\u0590-\u08ff\u0900-\u1fff\u2c00-\ufaff\ufb1d-\ufdff\ufe70-\ufefc]/.exec(text);
		return found !== null && /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(found[0]);
	};

	// quoted is a name within a sentence: what runs from right to left keeps its direction to itself.
	JobMon.quoted = function (name) {
		if (!/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(name)) {
			return name;
		}
		return (JobMon.rightToLeft(name) ? "\u202b" : "\u202a") + name + "\u202c\u200e";
	};

	// joined puts facts side by side on a line, which breaks between them only; empty ones are left out.
	JobMon.joined = function (facts) {
		var kept = [], i;
		for (i = 0; i < facts.length; i++) {
			if (facts[i] !== "") {
				kept.push(facts[i].replace(/ /g, "\u00a0"));
			}
		}
		return kept.join(" \u00b7 ");
	};

	// fill puts values in the places {name} of a text.
	JobMon.fill = function (text, values) {
		var parts = text.split("{"), filled = parts[0], i, end, name;
		for (i = 1; i < parts.length; i++) {
			end = parts[i].indexOf("}");
			name = end < 0 ? "" : parts[i].substring(0, end);
			if (name !== "" && JobMon.has(values, name)) {
				filled += values[name] + parts[i].substring(end + 1);
			} else {
				filled += "{" + parts[i];
			}
		}
		return filled;
	};
}());
