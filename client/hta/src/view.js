// What the screen shows, in words: a pure function of the picture, its age, the settings and the language. The screen
// only places it.
(function () {
	// hero: the big words on the left.
	function hero(label, shape, tone, name, lines) {
		return { label: label, shape: shape, tone: tone, name: name, lines: lines, big: false, part: -1 };
	}

	function why(f, now, words) {
		var w = f.why;
		if (!w || !w.kind) {
			return "";
		}
		switch (w.kind) {
		case "agent offline":
			return !w.since_local ? words["why.offline"] :
				JobMon.fill(words[w.at_least ? "why.offline.least" : "why.offline.since"], { time: JobMon.when(w.since_local, now, words) });
		case "ghost":
			return words["why.ghost"];
		case "due":
			return !w.start_local ? "" : JobMon.fill(words[f.session.state === "open" && f.counts.jobs_done > 0 ? "why.continues" : "why.due"],
				{ time: JobMon.when(w.start_local, now, words) });
		case "behind":
			return w.job ? JobMon.fill(words["why.behind"], { name: JobMon.quoted(w.job) }) : "";
		}
		return words["why.server"];
	}

	function jobs(s, live, words) {
		if (s.jobs < 2) {
			return "";
		}
		if (live && s.jobs_done < s.jobs) {
			return JobMon.fill(words["job.of"], { n: s.jobs_done + 1, all: s.jobs });
		}
		return JobMon.fill(words["jobs"], { n: s.jobs });
	}

	function nonEmpty(list) {
		var kept = [], i;
		for (i = 0; i < list.length; i++) {
			if (list[i] !== "") {
				kept.push(list[i]);
			}
		}
		return kept;
	}

	function running(f, passed, live, now, words) {
		var s = f.stages[f.current], elapsed = s.elapsed_s === undefined ? -1 : s.elapsed_s + passed, h, next, line, rest;
		line = s.began_local ? JobMon.fill(words["since"], { time: JobMon.when(s.began_local, now, words) }) : "";
		rest = elapsed < 0 ? "" : JobMon.lasting(elapsed, words);
		if (rest !== "" && s.expected_s) {
			rest = JobMon.fill(words["usually"], { time: rest, usual: JobMon.about(s.expected_s, words) });
		}
		h = hero(words["now"], "play", "accent", s.name || words["no.name"], nonEmpty([JobMon.joined([line, rest, jobs(s, live, words)])]));
		if (elapsed >= 0 && s.expected_s) {
			h.part = JobMon.part(elapsed, s.expected_s);
		}
		if (f.agent === "offline" && f.agent_since_local) {
			h.lines.push(JobMon.fill(words[f.agent_at_least ? "away.least" : "away"], { time: JobMon.when(f.agent_since_local, now, words) }));
		}
		if (s.failed > 0) {
			h.lines.push(JobMon.fill(words["failed.within"], { n: s.failed }));
		}
		next = f.next === undefined ? null : f.stages[f.next];
		if (next !== null) {
			h.lines.push(JobMon.fill(words["then"], { name: JobMon.quoted(next.name || words["no.name"]) }));
		}
		return h;
	}

	var results = {
		"ready": ["check", "good"], "ready with failures": ["warn", "warn"], "ready after retries": ["check", "good"],
		"ended early": ["none", "warn"], "abandoned": ["question", "warn"]
	};

	function ended(f, now, words) {
		var result = f.session.result, look = results[result] || ["check", "good"], line = [], h;
		if (f.session.elapsed_s !== undefined) {
			line.push(JobMon.fill(words["ended.after"], { time: JobMon.lasting(f.session.elapsed_s, words) }));
		}
		line.push(JobMon.fill(words["ended.jobs"], { n: f.counts.jobs_done, all: f.counts.jobs }));
		if (f.session.ended_local) {
			line.push(JobMon.fill(words["ended.at"], { time: JobMon.when(f.session.ended_local, now, words) }));
		}
		h = hero("", look[0], look[1], words["result." + (result || "none")], [JobMon.joined(line), words["result.text." + (result || "none")]]);
		if (f.counts.failed > 0 && result !== "ready with failures") {
			h.lines.push(JobMon.fill(words["failed.count"], { n: f.counts.failed }));
		}
		h.big = true;
		return h;
	}

	function deployment(f, passed, live, now, words) {
		var s, reason, planned = f.session.state === "planned", open = planned || f.session.state === "open";
		if (!open && passed < f.settle_s) {
			return hero(words["finishing"], "clock", "info", words["finishing.name"], [words["finishing.text"]]);
		}
		if (!open) {
			return ended(f, now, words);
		}
		if (f.current !== undefined) {
			return running(f, passed, live, now, words);
		}
		reason = why(f, now, words);
		if (f.next !== undefined) {
			s = f.stages[f.next];
			return hero(words[planned ? "planned" : "next"], f.why ? "pause" : "ring", f.why ? "info" : "accent", s.name || words["no.name"],
				nonEmpty([reason || words["next.text"], jobs(s, false, words)]));
		}
		return hero(words[planned ? "planned" : "now"], "pause", "info", words["nothing.now"], nonEmpty([reason]));
	}

	// stageOf is the stage that a marker opens, as far as its name tells: without its number and the usual tag.
	function stageOf(marker) {
		var stage = JobMon.trim(marker.replace(/^\s*[0-9]+\s*[.):\-]?\s*/, "").replace(/\(JM\)/i, ""));
		return stage === "" ? marker : stage;
	}

	// alone has the words fill the screen: there is no list beside them.
	function alone(h) {
		h.big = true;
		return h;
	}

	function top(intake, now, words) {
		var f = intake.picture === null ? null : intake.picture.file, passed = intake.passed().seconds, word;
		if (f === null) {
			word = JobMon.has(words, "file." + intake.trouble) ? intake.trouble : "missing";
			return alone(hero(words["first"], "clock", "info", words["first.name"], [words["file." + word]]));
		}
		if (f.kind === "stopped") {
			return alone(hero(words["stopped"], "warn", "warn", f.asked ? stageOf(f.asked) : words["stopped.name"], [words["stopped.text"]]));
		}
		if (f.kind === "idle") {
			return alone(hero(words["idle"], "pause", "info", words["idle.name"], [words[f.computer.unknown ? "idle.unknown" : "idle.text"]]));
		}
		return deployment(f, passed, intake.live() && intake.hasLive(), now, words);
	}

	// end says when it will be over. It is never a time in the past, nor one that moves with the clock: an estimate that is used up
	// says so, and since when.
	function end(f, passed, now, words) {
		var s = f.current === undefined ? null : f.stages[f.current], holds = f.eta_holds_s === undefined ? f.eta_s : f.eta_holds_s, least, left, shown;
		if (f.takes_s) {
			return { text: JobMon.fill(words[f.takes_at_least ? "takes.least" : "takes"], { time: JobMon.about(f.takes_s, words) }), left: "" };
		}
		if (f.session.state !== "open" || holds === undefined) {
			return { text: "", left: "" };
		}
		shown = now === null ? JobMon.seconds(f.at_local) : now;
		if (f.eta_s === undefined || !f.eta_local || passed >= holds) {
			return {
				text: JobMon.fill(words["end.past"], { time: JobMon.when(f.eta_holds_local || f.eta_local, shown, words) }),
				left: f.to_come_s ? JobMon.fill(words["end.to.come"], { time: JobMon.about(f.to_come_s, words) }) : ""
			};
		}
		least = f.eta_at_least || (s !== null && s.expected_s && s.elapsed_s !== undefined && s.elapsed_s + passed > s.expected_s);
		left = f.eta_s - passed;
		return {
			text: JobMon.fill(words[least ? "end.least" : "end.about"], { time: JobMon.when(f.eta_local, shown, words) }),
			left: left < 60 || least ? "" : JobMon.fill(words["end.left"], { time: JobMon.lasting(left, words) })
		};
	}

	function age(intake, words) {
		var p = intake.picture, passed = intake.passed(), values;
		if (p === null) {
			return words["age.none"];
		}
		values = { time: JobMon.lasting(passed.seconds, words), at: p.file.at_local ? p.file.at_local.substr(11) : "" };
		if (p.live && intake.live()) {
			return JobMon.fill(words["age.live"], values);
		}
		if (!p.file.at_local) {
			return JobMon.fill(words[passed.atLeast ? "age.least" : "age"], values);
		}
		return JobMon.fill(words[passed.atLeast ? "age.of.least" : "age.of"], values);
	}

	// view gives everything that stands on the screen. agent is true, false or null (unknown); clock is what the computer's
	// own clock says ("14:05"), which is shown only while no picture has come.
	JobMon.view = function (intake, settings, words, agent, clock) {
		var p = intake.picture, f = p === null ? null : p.file, passed = intake.passed().seconds, now = intake.serverTime(), v, list, c;
		c = intake.computer();
		v = {
			computer: c.name || c.os_name || (c.id === undefined ? settings.title || words["title"] : String(c.id)),
			place: JobMon.joined([f === null ? "" : settings.title, c.group || "", f === null ? "" : f.server || ""]),
			clock: now !== null ? JobMon.clock(now) : clock,
			agent: agent === null ? null : {
				shape: agent ? "dot" : "none", tone: agent ? "good" : "warn",
				text: words[agent ? "agent.on" : "agent.off"], brief: words[agent ? "agent.on.brief" : "agent.off.brief"]
			},
			hero: top(intake, now, words),
			notices: JobMon.notices(intake, settings, words),
			rows: [], focus: 0, before: 0, after: 0, segments: [], done: "", end: { text: "", left: "" },
			age: age(intake, words), support: settings.support
		};
		v.aged = v.notices.length > 0 && f !== null && f.kind === "deployment" && (f.source === "lost" || f.stale || intake.troubles >= 3);
		if (f !== null && f.kind === "deployment") {
			list = JobMon.rows(f, passed, words);
			v.rows = list.rows;
			v.focus = list.focus;
			v.before = list.before;
			v.after = list.after;
			v.segments = JobMon.segments(f, passed);
			v.percent = f.percent || 0;
			v.done = JobMon.fill(words["done"], { n: f.counts.stages_done, all: f.counts.stages });
			v.end = end(f, passed, now, words);
		}
		return v;
	};
}());
