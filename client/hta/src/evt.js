// Reading an .evt file as docs/evt-format.md has it, from its text. Everything that is taken over is looked at; names
// are made safe to show here, so that no later part holds a raw one.
(function () {
	var magic = "{\"format\":\"jobmon-evt\",\"v\":";
	var known = 1;
	var local = /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$/;
	var utc = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;

	JobMon.largest = 65536;

	// Fields by what they hold: a name, a time, a whole number within bounds, true, one of some words (an unknown one is
	// taken for absent), an object or a list of objects. What is in none of these lists is ignored. The bounds of numbers are
	// those of docs/evt.schema.json: nothing here may be done as often as a file says without one.
	var isName = { kind: "name" }, isLocal = { kind: "local" }, isUtc = { kind: "utc" }, isTrue = { kind: "true" };
	var isSeq = whole(0, 9007199254740991), isCount = whole(0, 1000000), isSeconds = whole(0, 2147483647);
	var isNumber = whole(-2147483648, 2147483647), isCode = whole(-Math.pow(2, 63), Math.pow(2, 63)); // Wine reads no literal of 19 digits

	function whole(least, most) {
		return { kind: "whole", least: least, most: most };
	}

	function words(list) {
		return { kind: "words", words: ";" + list.join(";") + ";" };
	}

	function object(fields) {
		return { kind: "object", fields: fields };
	}

	function list(fields) {
		return { kind: "list", fields: fields };
	}

	var failure = { job: isName, code: isCode, hex: isName, meaning: isName, at_local: isLocal, repaired: isTrue };
	var stage = {
		name: isName, state: words(["running", "failed", "waiting", "cancelled", "unknown", "succeeded"]), late: isTrue,
		began_local: isLocal, ended_local: isLocal, elapsed_s: isSeconds, inexact: isTrue, at_most_s: isSeconds, planned_local: isLocal,
		expected_s: isSeconds, runs: isCount, overdue: isTrue, jobs: isCount, jobs_done: isCount, failed: isCount,
		attempt: isCount, failures: list(failure)
	};
	var file = {
		format: isName, v: isCount, seq: isSeq, kind: words(["deployment", "idle", "stopped"]), at: isUtc, at_local: isLocal,
		source: words(["ok", "lost"]), source_since_local: isLocal, stale: isTrue, server: isName,
		agent: words(["online", "offline", "unknown"]), agent_since_local: isLocal, agent_at_least: isTrue, settle_s: isSeconds, quiet_s: isSeconds, asked: isName,
		computer: object({ id: isNumber, name: isName, os_name: isName, group: isName, ghost: isTrue, gone: isTrue, unknown: isTrue }),
		session: object({
			number: isCount, state: words(["planned", "open", "complete", "abandoned"]),
			result: words(["ready", "ready with failures", "ready after retries", "ended early", "abandoned"]),
			began_local: isLocal, ended_local: isLocal, elapsed_s: isSeconds, watched_since_local: isLocal,
			silent_since_local: isLocal
		}),
		counts: object({
			stages: isCount, stages_done: isCount, jobs: isCount, jobs_done: isCount, failed: isCount, cancelled: isCount,
			late: isCount
		}),
		percent: isCount, eta_local: isLocal, eta_s: isSeconds, eta_at_least: isTrue, eta_holds_local: isLocal, eta_holds_s: isSeconds,
		to_come_s: isSeconds, takes_s: isSeconds, takes_at_least: isTrue, current: isCount, next: isCount,
		why: object({
			kind: words(["agent offline", "ghost", "due", "behind", "server"]), job: isName, since_local: isLocal,
			at_least: isTrue, start_local: isLocal
		}),
		still: object({ why: words(["stage", "agent", "idle"]), name: isName, since_local: isLocal }),
		no_more_updates: isTrue, stages: list(stage),
		later: list({
			name: isName, state: words(["later", "unscheduled", "waiting", "running"]), stuck: isTrue, start_local: isLocal,
			why: words(["agent offline", "ghost", "due", "behind", "server"])
		}),
		left_out: object({ finished: isCount, unfinished: isCount, failures: isCount, later: isCount }), link: { kind: "link" }
	};

	function damaged() {
		throw new Error("damaged");
	}

	function isText(value) {
		return typeof value === "string";
	}

	function isWhole(value, field) {
		return typeof value === "number" && value >= field.least && value <= field.most && Math.floor(value) === value;
	}

	function isObject(value) {
		return typeof value === "object" && value !== null && !(value instanceof Array);
	}

	// takeCode gives the rows of a link's QR code; undefined when it is none, or too large for any screen. No picture is refused
	// for it.
	function takeCode(link) {
		var rows, i;
		if (!isObject(link) || !JobMon.has(link, "qr") || !(link.qr instanceof Array)) {
			return undefined;
		}
		rows = link.qr;
		if (rows.length < 21 || rows.length > 57) {
			return undefined;
		}
		for (i = 0; i < rows.length; i++) {
			if (!isText(rows[i]) || rows[i].length !== rows.length || /[^01]/.test(rows[i])) {
				return undefined;
			}
		}
		return rows;
	}

	// take gives a value as its field has it, or undefined when it is a word of a later time.
	function take(value, field) {
		switch (field.kind) {
		case "name":
			if (!isText(value)) {
				damaged();
			}
			return JobMon.clean(value.substring(0, 500));
		case "local":
			if (!isText(value) || !local.test(value)) {
				damaged();
			}
			return value;
		case "utc":
			if (!isText(value) || !utc.test(value)) {
				damaged();
			}
			return value;
		case "whole":
			if (!isWhole(value, field)) {
				damaged();
			}
			return value;
		case "true":
			if (typeof value !== "boolean") {
				damaged();
			}
			return value;
		case "words":
			if (!isText(value)) {
				damaged();
			}
			return value.indexOf(";") >= 0 || field.words.indexOf(";" + value + ";") < 0 ? undefined : value;
		case "link":
			return takeCode(value);
		case "object":
			return takeAll(value, field.fields);
		}
		return takeList(value, field.fields);
	}

	function takeAll(value, fields) {
		var taken = {}, name, one;
		if (!isObject(value)) {
			damaged();
		}
		for (name in fields) {
			if (JobMon.has(fields, name) && JobMon.has(value, name)) {
				one = take(value[name], fields[name]);
				if (one !== undefined) {
					taken[name] = one;
				}
			}
		}
		return taken;
	}

	function takeList(value, fields) {
		var taken = [], i;
		if (!(value instanceof Array)) {
			damaged();
		}
		for (i = 0; i < value.length; i++) {
			taken.push(takeAll(value[i], fields));
		}
		return taken;
	}

	// need says that what no reader can do without is there.
	function need(object, names) {
		var i;
		for (i = 0; i < names.length; i++) {
			if (!JobMon.has(object, names[i])) {
				damaged();
			}
		}
	}

	function complete(f) {
		var i;
		need(f, ["seq", "kind", "computer"]);
		need(f.computer, ["id"]);
		if (f.kind === "stopped") {
			return;
		}
		need(f, ["at", "at_local", "source", "settle_s", "quiet_s"]);
		if (f.kind === "idle") {
			return;
		}
		need(f, ["session", "counts", "stages"]);
		need(f.session, ["number"]);
		f.session.state = f.session.state || "open";
		if (f.session.state !== "planned") {
			need(f, ["percent"]);
		}
		need(f.counts, ["stages", "stages_done", "jobs", "jobs_done", "failed"]);
		for (i = 0; i < f.stages.length; i++) {
			need(f.stages[i], ["name", "jobs", "jobs_done", "failed"]);
			f.stages[i].state = f.stages[i].state || "unknown";
		}
		if (f.percent > 100 || f.current >= f.stages.length || f.next >= f.stages.length) {
			damaged();
		}
	}

	// readEvt reads the text of a file. It gives {file: what it says} or {error: a word}: "empty", "cut" (it ends too
	// early), "foreign" (not of this project), "large", "newer" (than this reader) or "damaged".
	JobMon.readEvt = function (text) {
		var version, line, raw, f;
		if (/^[\u0000\s]*$/.test(text)) {
			return { error: "empty" };
		}
		if (text.substr(0, magic.length) !== magic) {
			return { error: magic.substr(0, text.length) === text ? "cut" : "foreign" };
		}
		version = /^[0-9]{1,9}/.exec(text.substr(magic.length, 9));
		if (!version || Number(version[0]) < 1) {
			return { error: text.length === magic.length ? "cut" : "damaged" };
		}
		if (Number(version[0]) > known) {
			return { error: "newer" };
		}
		if (text.length > JobMon.largest) {
			return { error: "large" };
		}
		line = text.replace(/\r\n?$/, "");
		if (/[^ -~]/.test(line)) {
			return { error: "damaged" };
		}
		if (text.length - line.length < 2) {
			return { error: "cut" };
		}
		try {
			raw = JobMon.parseJson(line);
			f = takeAll(raw, file);
			complete(f);
		} catch (e) {
			return { error: "damaged" };
		}
		return { file: f };
	};
}());
