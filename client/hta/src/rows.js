// The list of stages as lines of the screen: a shape, a name, a word or time on the right.
(function () {
	var shapes = {
		succeeded: "check", failed: "cross", running: "play", waiting: "ring", cancelled: "none", unknown: "question", later: "clock"
	};
	var tones = {
		succeeded: "good", failed: "bad", running: "accent", waiting: "dim", cancelled: "dim", unknown: "warn", later: "dim"
	};

	// starts gives, for each waiting stage, the reading of the server's clock at which it will begin, as far as every stage
	// before it has a typical duration: never one that moves with the clock.
	JobMon.starts = function (f, passed) {
		var starts = [], at, i, s, sure = true;
		if (f.why || f.source === "lost" || f.session.state !== "open" || f.stages.length === 0) {
			return starts;
		}
		at = JobMon.seconds(f.at_local);
		if (f.current !== undefined) {
			s = f.stages[f.current];
			if (!s.expected_s) {
				return starts;
			}
			if ((s.elapsed_s || 0) + passed > s.expected_s) {
				return starts; // it lasts longer than usual: nobody knows when the next one begins
			}
			at += s.expected_s - (s.elapsed_s || 0);
		} else if (passed > 60) {
			return starts;
		}
		for (i = 0; i < f.stages.length && sure; i++) {
			s = f.stages[i];
			if (s.state === "waiting" && i !== f.current) {
				starts[i] = at;
				at += s.expected_s || 0;
				sure = s.expected_s > 0;
			}
		}
		return starts;
	};

	// code is a failure's code in full: "-2147024809 (0x80070057) invalid parameter".
	JobMon.code = function (failure) {
		return failure.code + (failure.hex ? " (" + failure.hex + ")" : "") + (failure.meaning ? " " + failure.meaning : "");
	};

	// firstCode is the code of the newest failure that still holds, in the shorter form.
	function firstCode(stage) {
		var list = stage.failures || [], i;
		for (i = list.length - 1; i >= 0; i--) {
			if (!list[i].repaired) {
				return list[i].hex || list[i].code;
			}
		}
		return null;
	}

	// right is the word or time at the end of a row; brief does without the word where the sign says it.
	function right(f, i, passed, starts, words, brief) {
		var s = f.stages[i], elapsed, code;
		switch (s.state) {
		case "succeeded":
			if (s.at_most_s) {
				return JobMon.fill(words["row.done.most"], { time: JobMon.lasting(s.at_most_s, words) });
			}
			return s.elapsed_s === undefined ? words["row.done"] : brief ? JobMon.lasting(s.elapsed_s, words) :
				JobMon.fill(words["row.done.in"], { time: JobMon.lasting(s.elapsed_s, words) });
		case "failed":
			code = firstCode(s);
			return code === null ? words["row.failed"] : brief ? String(code) : JobMon.fill(words["row.failed.code"], { code: code });
		case "running":
			elapsed = s.elapsed_s === undefined || f.session.state !== "open" || f.source === "lost" ? null : s.elapsed_s + passed;
			return elapsed === null ? words["row.running"] : brief ? JobMon.passing(elapsed, words) :
				JobMon.fill(words["row.running.for"], { time: JobMon.passing(elapsed, words) });
		case "waiting":
			if (starts[i] === undefined || Math.floor(starts[i] / 86400) !== Math.floor(JobMon.seconds(f.at_local) / 86400)) {
				return brief ? "" : words["row.waiting"];
			}
			return brief ? JobMon.clock(starts[i]) : JobMon.fill(words["row.about"], { time: JobMon.clock(starts[i]) });
		case "cancelled":
			return words["row.cancelled"];
		}
		return words["row.unknown"];
	}

	// rows gives {rows, focus, before, after}: the lines, which one the list is to show whatever its length, and how many the
	// file left out.
	JobMon.rows = function (f, passed, words) {
		var rows = [], starts = JobMon.starts(f, passed), left = f.left_out || {}, i, s, focus, now, p;
		for (i = 0; i < f.stages.length; i++) {
			s = f.stages[i];
			if (i === f.current || (focus === undefined && i === f.next)) {
				focus = rows.length;
			}
			rows.push({
				shape: shapes[s.state], tone: tones[s.state], name: s.name || words["no.name"],
				tag: s.late ? words["tag.late"] : s.attempt > 1 ? JobMon.fill(words["tag.attempt"], { n: s.attempt }) : "",
				right: right(f, i, passed, starts, words, false), brief: right(f, i, passed, starts, words, true), current: i === f.current, state: s.state
			});
		}
		now = JobMon.seconds(f.at_local);
		for (i = 0; f.later && i < f.later.length; i++) {
			p = f.later[i];
			rows.push({
				shape: shapes.later, tone: "dim", name: p.name || words["no.name"], tag: "", state: "later", current: false,
				right: p.stuck ? words["later.stuck"] : p.state === "running" ? words["row.running"] :
					p.why ? words[p.why === "agent offline" ? "agent.off.brief" : "later.waits"] : !p.start_local ? words["later.unscheduled"] :
					JobMon.fill(words["later.at"], { time: JobMon.when(p.start_local, now, words) })
			});
		}
		if (focus === undefined) {
			// Over: what went wrong first, else the end.
			for (focus = 0; focus < rows.length && rows[focus].state !== "failed"; focus++) {
				continue;
			}
			if (focus === rows.length) {
				focus = rows.length - 1;
			}
		}
		return { rows: rows, focus: focus, before: left.finished || 0, after: (left.unfinished || 0) + (left.later || 0) };
	};

	// part is how much of something is over, in steps that a screen can show, 1 at most.
	JobMon.part = function (over, whole) {
		return Math.min(1, Math.round(over / whole * 250) / 250);
	};

	// most is how many pieces a bar can have for what a file left out: a screen draws so many as one.
	var most = 2000;

	// segments are the pieces of the bar, one for each stage: {tone, part}, part being how much of it is filled.
	JobMon.segments = function (f, passed) {
		var segments = [], left = f.left_out || {}, i, s, part;
		for (i = 0; i < Math.min(most, left.finished || 0); i++) {
			segments.push({ tone: "good", part: 1 });
		}
		for (i = 0; i < f.stages.length; i++) {
			s = f.stages[i];
			part = s.state === "waiting" || s.state === "cancelled" ? 0 : 1;
			if (s.state === "running") {
				part = s.expected_s && s.elapsed_s !== undefined ? Math.min(0.95, JobMon.part(s.elapsed_s + passed, s.expected_s)) : 0.5;
			}
			segments.push({ tone: tones[s.state], part: part, state: s.state });
		}
		for (i = 0; i < Math.min(most, left.unfinished || 0); i++) {
			segments.push({ tone: "dim", part: 0 });
		}
		return segments;
	};

	// visible says which rows a list of so many places shows: {first, end, above, below}. Where rows are hidden, or were left
	// out of the file, a place at that end says how many. The row of focus is shown, with more room for what comes than
	// for what was.
	JobMon.visible = function (count, focus, places, before, after) {
		var top = before > 0 ? 1 : 0, bottom = after > 0 ? 1 : 0, first = 0, end;
		if (count + top + bottom > places) {
			first = Math.max(0, focus - Math.floor(places / 3));
			if (first <= 1 && top === 0) {
				first = 0;
			}
			top = first > 0 || before > 0 ? 1 : 0;
			end = first + places - top;
			if (end + bottom >= count + bottom && end - bottom >= count) {
				end = count;
			} else {
				bottom = 1;
				end = Math.min(count, end - 1);
			}
			if (end === count) {
				bottom = after > 0 ? 1 : 0;
				top = 1;
				first = Math.max(0, count - (places - top - bottom));
			}
		} else {
			end = count;
		}
		return { first: first, end: end, above: first + before, below: count - end + after };
	};
}());
