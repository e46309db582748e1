// What the screen shows, in words: a pure function of the picture, its age, the settings and the language. The screen
// only places it.
(function () {
	// hero: the big words on the left. facts are the lines below the name, after what stands behind the first of them where there
	// is room, extra what is said only where there is plenty, todo what is to be done.
	function hero(label, shape, tone, name, facts, todo) {
		return { label: label, shape: shape, tone: tone, name: name, facts: facts, after: [], extra: [], todo: todo || "", big: false, part: -1, lane: "" };
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

	// away says that the agent has not been connected for a while, though a job counts as running.
	function away(f, now, words) {
		if (f.agent !== "offline" || !f.agent_since_local) {
			return "";
		}
		return JobMon.fill(words[f.agent_at_least ? "away.least" : "away"], { time: JobMon.when(f.agent_since_local, now, words) });
	}

	function failedWithin(s, words) {
		return s.failed === 0 ? "" : s.failed === 1 ? words["failed.within.one"] : JobMon.fill(words["failed.within"], { n: s.failed });
	}

	function running(f, passed, live, now, words) {
		var s = f.stages[f.current], lost = f.source === "lost", h, next = f.next === undefined ? null : f.stages[f.next], gone = away(f, now, words);
		var elapsed = s.elapsed_s === undefined || lost ? -1 : s.elapsed_s + passed;
		h = hero(words["now"], "play", "accent", s.name || words["no.name"], nonEmpty([JobMon.joined([
			s.began_local ? JobMon.fill(words["since"], { time: JobMon.when(s.began_local, now, words) }) : "",
			elapsed < 0 ? "" : JobMon.passing(elapsed, words)
		])]), gone === "" ? "" : words["do.power"]);
		h.after = nonEmpty([s.expected_s && !lost ? JobMon.fill(words["usual"], { usual: JobMon.about(s.expected_s, words) }) : "", jobs(s, live, words)]);
		h.facts = h.facts.concat(nonEmpty([gone, failedWithin(s, words)]));
		h.extra = next === null ? [] : [JobMon.fill(words["then"], { name: JobMon.quoted(next.name || words["no.name"]) })];
		h.lane = "rests";
		if (elapsed >= 0 && s.expected_s) {
			h.part = JobMon.part(elapsed, s.expected_s);
		}
		return h;
	}

	// What a result looks like, and what it asks for.
	var results = {
		"ready": ["check", "good", "do.hand.over"], "ready with failures": ["warn", "warn", "do.keep"],
		"ready after retries": ["check", "good", "do.hand.over"], "ended early": ["none", "warn", "do.console"],
		"abandoned": ["question", "warn", "do.console"], "none": ["check", "good", "do.nothing"]
	};

	// What the reasons for waiting ask for; nothing but patience when they are not here.
	var remedies = { "agent offline": "do.power", "ghost": "do.entry" };

	function remedy(f, words) {
		return words[f.why && JobMon.has(remedies, f.why.kind || "") ? remedies[f.why.kind] : "do.wait"];
	}

	function ended(f, now, words) {
		var result = f.session.result, look = results[result] || results.none, line = [], h;
		if (f.session.elapsed_s !== undefined) {
			line.push(JobMon.fill(words["ended.after"], { time: JobMon.lasting(f.session.elapsed_s, words) }));
		}
		line.push(JobMon.fill(words["ended.jobs"], { n: f.counts.jobs_done, all: f.counts.jobs }));
		if (f.session.ended_local) {
			line.push(JobMon.fill(words["ended.at"], { time: JobMon.when(f.session.ended_local, now, words) }));
		}
		h = hero("", look[0], look[1], words["result." + (result || "none")], [words["result.text." + (result || "none")], JobMon.joined(line)], words[look[2]]);
		if (f.counts.failed > 0 && result !== "ready with failures") {
			h.facts.push(JobMon.fill(words["failed.count"], { n: f.counts.failed }));
		}
		h.big = true;
		return h;
	}

	function deployment(f, passed, creep, live, now, words) {
		var s, h, planned = f.session.state === "planned", open = planned || f.session.state === "open";
		if (!open && passed < f.settle_s) {
			return hero(words["finishing"], "clock", "info", words["finishing.name"], [words["finishing.text"]]);
		}
		if (!open) {
			return ended(f, now, words);
		}
		if (f.current !== undefined) {
			return running(f, creep, live, now, words);
		}
		s = f.next === undefined ? null : f.stages[f.next];
		h = hero(words[planned ? "planned" : s === null ? "now" : "next"], s === null || f.why ? "pause" : "ring", s === null || f.why ? "info" : "accent",
			s === null ? words["nothing.now"] : s.name || words["no.name"], nonEmpty([why(f, now, words) || (s === null ? "" : words["next.text"])]), remedy(f, words));
		h.after = s === null ? [] : nonEmpty([jobs(s, false, words)]);
		return h;
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

	function top(intake, creep, settings, now, words) {
		var call = JobMon.call(settings, words), f = intake.picture === null ? null : intake.picture.file, word;
		if (f === null) {
			word = JobMon.has(words, "file." + intake.trouble) ? intake.trouble : "missing";
			return alone(hero(words["first"], "clock", "info", words["first.name"], [words["file." + word]], JobMon.fill(words["do.first"], { call: call })));
		}
		if (f.kind === "stopped") {
			return alone(hero(words["stopped"], "warn", "warn", f.asked ? stageOf(f.asked) : words["stopped.name"], [words["stopped.text"]],
				JobMon.fill(words["do.leave"], { call: call })));
		}
		if (f.kind === "idle") {
			return alone(hero(words["idle"], "pause", "info", words["idle.name"], [words[f.computer.unknown ? "idle.unknown" : "idle.text"]],
				f.computer.unknown ? call : words["do.schedule"]));
		}
		return deployment(f, intake.passed().seconds, creep, intake.live() && intake.hasLive(), now, words);
	}

	// end says when it will be over. It is never a time in the past, nor one that moves with the clock: an estimate that is used up
	// says so, and since when. Nothing is estimated while the server cannot see the deployment.
	function end(f, passed, now, words) {
		var s = f.current === undefined ? null : f.stages[f.current], holds = f.eta_holds_s === undefined ? f.eta_s : f.eta_holds_s, least, left, shown;
		if (f.source === "lost") {
			return {
				text: f.session.state !== "open" || holds === undefined || !f.source_since_local ? "" :
					JobMon.fill(words["end.past"], { time: JobMon.when(f.source_since_local, JobMon.seconds(f.at_local), words) }),
				left: ""
			};
		}
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
		var p = intake.picture, passed = intake.passed(), values, young = passed.atLeast && passed.seconds < 60, name = "age";
		if (p === null) {
			return words["age.none"];
		}
		values = { time: JobMon.passing(passed.seconds, words), at: p.file.at_local ? p.file.at_local.substr(11) : "" };
		if (p.live && intake.live()) {
			return JobMon.fill(words["age.live"], values);
		}
		name += p.file.at_local ? ".of" : "";
		return JobMon.fill(words[young ? name + ".unknown" : passed.atLeast ? name + ".least" : name], values);
	}

	// contradicts says that the picture leaves no room for the good word that this computer's agent is connected.
	function contradicts(f, aged) {
		return f !== null && (aged || f.kind === "stopped" || f.agent === "offline");
	}

	// view gives everything that stands on the screen. agent is true, false or null (unknown). No time is shown before a
	// picture has brought the server's: the computer's own clock may be wrong by years.
	JobMon.view = function (intake, settings, words, agent) {
		var p = intake.picture, f = p === null ? null : p.file, passed = intake.passed().seconds, now = intake.serverTime(), v, list, c, notices, moves, runs, aged, creep, i;
		c = intake.computer();
		notices = JobMon.notices(intake, settings, words);
		runs = JobMon.moves(intake, notices, agent);
		moves = runs && settings.motion;
		aged = f !== null && f.kind === "deployment" && (f.source === "lost" || f.stale || intake.troubles >= 3);
		// Where nothing may move, nothing creeps either: bars go on by the minute, and not at all while the source is lost.
		creep = f !== null && f.source === "lost" && f.session && f.session.state === "open" ? 0 : moves ? passed : 60 * Math.floor(passed / 60);
		v = {
			computer: c.name || c.os_name || (c.id === undefined ? settings.title || words["title"] : String(c.id)),
			place: JobMon.joined([f === null ? "" : settings.title, c.group || "", f === null ? "" : f.server || ""]),
			clock: now !== null ? JobMon.clock(now) : "",
			agent: agent === null || (agent && contradicts(f, aged)) ? null : {
				shape: agent ? "dot" : "none", tone: agent ? "good" : "warn",
				text: words[agent ? "agent.on" : "agent.off"], brief: words[agent ? "agent.on.brief" : "agent.off.brief"]
			},
			hero: top(intake, creep, settings, now, words),
			notices: notices, moves: moves, aged: aged,
			rows: [], focus: 0, before: 0, after: 0, segments: [], done: "", end: { text: "", left: "" },
			age: age(intake, words), support: settings.support, code: null, phone: words["phone"]
		};
		if (f !== null && f.kind === "deployment") {
			list = JobMon.rows(f, creep, words);
			v.rows = list.rows;
			v.focus = list.focus;
			v.before = list.before;
			v.after = list.after;
			v.segments = JobMon.segments(f, creep);
			v.percent = f.percent || 0;
			v.done = JobMon.fill(words["done"], { n: f.counts.stages_done, all: f.counts.stages });
			v.end = end(f, passed, now, words);
			v.code = f.link || null;
		}
		for (i = 0; i < notices.length; i++) {
			// What is wrong says itself what to do.
			v.hero.todo = notices[i].tone === "warn" && v.rows.length > 0 ? "" : v.hero.todo;
		}
		if (runs) {
			v.hero.lane = moves ? "moves" : "stands";
		}
		return v;
	};
}());
