// What the screen says beside the list: failures, and what is wrong with the picture itself. The most important first.
(function () {
	// call says whom to call. The screen's foot has the site's words for it in full; here those behind their last colon do, when
	// they hold a number.
	JobMon.call = function (settings, words) {
		var number = /:\s*([^:]*[0-9][^:]*)$/.exec(settings.support);
		return settings.support === "" ? words["failed.desk"] : JobMon.fill(words["failed.call"], { support: number ? number[1] : settings.support });
	};

	// failures names the newest one that holds, and says how many there are beside it.
	function failures(f, call, words, notices) {
		var found = [], i, k, s, e, hidden, now = JobMon.seconds(f.at_local), one;

		function told(code) {
			return JobMon.joined([
				e.job && e.job !== one.stage.name ? JobMon.quoted(e.job) : "", JobMon.fill(words["failed.code"], { code: code }),
				e.at_local ? JobMon.fill(words["failed.at"], { time: JobMon.when(e.at_local, now, words) }) : "",
				hidden > 0 ? JobMon.fill(words["failed.more"], { n: hidden }) : ""
			]);
		}

		for (i = 0; i < f.stages.length; i++) {
			s = f.stages[i];
			for (k = 0; s.failures && k < s.failures.length; k++) {
				e = s.failures[k];
				if (!e.repaired) {
					found.push({ stage: s, failure: e, place: found.length });
				}
			}
		}
		if (f.counts.failed === 0 && found.length === 0) {
			return;
		}
		found.sort(function (a, b) {
			var x = a.failure.at_local || "", y = b.failure.at_local || "";
			// Old engines leave what is equal in any order.
			return x < y ? 1 : x > y ? -1 : b.place - a.place;
		});
		if (found.length === 0) {
			notices.push({ tone: "bad", shape: "cross", title: JobMon.fill(words["failed.count"], { n: f.counts.failed }), text: "", todo: call });
			return;
		}
		one = found[0];
		e = one.failure;
		hidden = Math.max(f.counts.failed, found.length) - 1;
		notices.push({
			tone: "bad", shape: "cross", title: JobMon.fill(words["failed.stage"], { name: JobMon.quoted(one.stage.name || words["no.name"]) }),
			text: told(JobMon.code(e)), brief: told(e.hex || String(e.code)), todo: call
		});
	}

	// still says since when the deployment stands still, why, and what to do.
	function still(f, now, words, notices) {
		var s = f.still, since = f.session.silent_since_local, todo;
		if (since) {
			notices.push({
				tone: "warn", shape: "clock", title: JobMon.fill(words["silent"], { time: JobMon.when(since, now, words) }),
				text: words["silent.text"], todo: words["do.console"]
			});
		}
		if (s && s.why) {
			todo = s.why === "stage" ? "do.message" : s.why === "agent" ? "do.power" : "do.console";
			notices.push({
				tone: "warn", shape: "warn", text: JobMon.fill(words["still." + s.why], { name: JobMon.quoted(s.name || words["no.name"]) }),
				todo: words[todo], title: s.why === "stage" ? words["overdue"] : s.since_local ? JobMon.fill(words["still.since"], { time: JobMon.when(s.since_local, now, words) }) : words["still"]
			});
		}
	}

	// overdue says how long nothing new came where something should have.
	function overdue(f, passed, live, words, notices) {
		var s = f.current === undefined ? null : f.stages[f.current], elapsed;
		if (f.source === "lost") {
			return; // nobody knows whether it still runs
		}
		if (s !== null && s.expected_s && s.elapsed_s !== undefined) {
			elapsed = s.elapsed_s + passed;
			if (s.overdue || (elapsed > 2 * s.expected_s && elapsed > s.expected_s + 600)) {
				notices.push({
					tone: "warn", shape: "clock", title: words["overdue"],
					text: JobMon.fill(words["overdue.text"], {
						time: JobMon.lasting(elapsed, words), usual: JobMon.about(s.expected_s, words)
					}), todo: words["do.message"]
				});
			}
			return;
		}
		if (!live && !f.no_more_updates && passed > f.quiet_s) {
			notices.push({
				tone: "warn", shape: "clock", title: JobMon.fill(words["quiet"], { time: JobMon.lasting(passed, words) }),
				text: words["quiet.text"], todo: words["do.message"]
			});
		}
	}

	// notices lists {tone, shape, title, text, todo} for what intake holds: what is the matter, facts, and what to do. A brief form
	// of the text is there where it has one.
	JobMon.notices = function (intake, settings, words) {
		var notices = [], f = intake.picture === null ? null : intake.picture.file, passed = intake.passed().seconds, now, open, call = JobMon.call(settings, words);
		var live = intake.live() && intake.hasLive(), word;
		if (f !== null && f.kind === "deployment") {
			failures(f, call, words, notices);
			open = f.session.state === "open";
		}
		if (f !== null && f.source === "lost") {
			now = JobMon.seconds(f.at_local) + passed;
			notices.push({
				tone: "warn", shape: "warn", title: words["lost"],
				text: f.source_since_local ? JobMon.fill(words["lost.since"], { time: JobMon.when(f.source_since_local, now, words) }) :
					words["lost.text"], todo: call
			});
		}
		if (open) {
			still(f, JobMon.seconds(f.at_local) + passed, words, notices);
			if (!f.still || !f.still.why) {
				overdue(f, passed, live, words, notices);
			}
		}
		if (f !== null && f.computer.gone) {
			notices.push({ tone: "warn", shape: "question", title: words["record.gone"], text: words["record.gone.text"], todo: words["do.console"] });
		} else if (f !== null && f.computer.ghost) {
			notices.push({ tone: "warn", shape: "question", title: words["record.ghost"], text: words["record.ghost.text"], todo: words["do.console"] });
		}
		if (f !== null && f.stale) {
			notices.push({ tone: "warn", shape: "warn", title: words["stale"], text: words["stale.text"], todo: words["do.wait"] });
		}
		// A copy takes a moment: a file that cannot be read once or twice is no matter.
		if (f !== null && !live && intake.troubles >= 3) {
			word = JobMon.has(words, "file." + intake.trouble) ? intake.trouble : "locked";
			notices.push({ tone: "warn", shape: "warn", title: words["file"], text: words["file." + word], todo: call });
		}
		if (f !== null && intake.liveTrouble && !live) {
			notices.push({ tone: "dim", shape: "warn", title: words["live.gone"], text: words["live.gone.text"], todo: "" });
		}
		if (open && f.no_more_updates && !live) {
			notices.push({ tone: "info", shape: "dot", title: words["last"], text: words["last.text"], todo: words["do.console"] });
		}
		return notices;
	};
}());
