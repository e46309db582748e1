// What the screen says beside the list: failures, and what is wrong with the picture itself. The most important first.
(function () {
	// failures tells the newest ones that hold by name, and how many there are beside them.
	function failures(f, settings, words, notices) {
		var found = [], i, k, s, e, hidden, now = JobMon.seconds(f.at_local), one, parts;
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
			notices.push({ tone: "bad", shape: "cross", title: JobMon.fill(words["failed.count"], { n: f.counts.failed }), text: settings.support });
			return;
		}
		for (i = 0; i < found.length && i < 2; i++) {
			one = found[i];
			e = one.failure;
			hidden = Math.max(f.counts.failed, found.length) - 2;
			parts = [
				e.job && e.job !== one.stage.name ? JobMon.quoted(e.job) : "", JobMon.fill(words["failed.code"], { code: JobMon.code(e) }),
				e.at_local ? JobMon.when(e.at_local, now, words) : ""
			];
			if (i === 1 && hidden > 0) {
				parts.push(JobMon.fill(words["failed.more"], { n: hidden }));
			}
			notices.push({
				tone: "bad", shape: "cross", text: JobMon.joined(parts),
				title: JobMon.fill(words["failed.stage"], { name: JobMon.quoted(one.stage.name || words["no.name"]) })
			});
		}
		if (settings.support !== "") {
			notices[notices.length - 1].call = JobMon.fill(words["failed.call"], { support: settings.support });
		}
	}

	// still says since when the deployment stands still, why, and what to do.
	function still(f, now, words, notices) {
		var s = f.still, since = f.session.silent_since_local;
		if (since) {
			notices.push({
				tone: "warn", shape: "clock", title: JobMon.fill(words["silent"], { time: JobMon.when(since, now, words) }),
				text: words["silent.text"]
			});
		}
		if (s && s.why) {
			notices.push({
				tone: "warn", shape: "warn", text: JobMon.fill(words["still." + s.why], { name: JobMon.quoted(s.name || words["no.name"]) }),
				title: s.why === "stage" ? words["overdue"] : s.since_local ? JobMon.fill(words["still.since"], { time: JobMon.when(s.since_local, now, words) }) : words["still"]
			});
		}
	}

	// overdue says how long nothing new came where something should have.
	function overdue(f, passed, live, words, notices) {
		var s = f.current === undefined ? null : f.stages[f.current], elapsed;
		if (s !== null && s.expected_s && s.elapsed_s !== undefined) {
			elapsed = s.elapsed_s + passed;
			if (s.overdue || (elapsed > 2 * s.expected_s && elapsed > s.expected_s + 600)) {
				notices.push({
					tone: "warn", shape: "clock", title: words["overdue"],
					text: JobMon.fill(words["overdue.text"], {
						time: JobMon.lasting(elapsed, words), usual: JobMon.about(s.expected_s, words)
					})
				});
			}
			return;
		}
		if (!live && !f.no_more_updates && passed > f.quiet_s) {
			notices.push({
				tone: "warn", shape: "clock", title: JobMon.fill(words["quiet"], { time: JobMon.lasting(passed, words) }),
				text: words["quiet.text"]
			});
		}
	}

	// notices lists {tone, shape, title, text} for what intake holds.
	JobMon.notices = function (intake, settings, words) {
		var notices = [], f = intake.picture === null ? null : intake.picture.file, passed = intake.passed().seconds, now, open;
		var live = intake.live() && intake.hasLive(), word;
		if (f !== null && f.kind === "deployment") {
			failures(f, settings, words, notices);
			open = f.session.state === "open";
		}
		if (f !== null && f.source === "lost") {
			now = JobMon.seconds(f.at_local) + passed;
			notices.push({
				tone: "warn", shape: "warn", title: words["lost"],
				text: f.source_since_local ? JobMon.fill(words["lost.since"], { time: JobMon.when(f.source_since_local, now, words) }) :
					words["lost.text"]
			});
		}
		if (open) {
			still(f, JobMon.seconds(f.at_local) + passed, words, notices);
			if (!f.still || !f.still.why) {
				overdue(f, passed, live, words, notices);
			}
		}
		if (f !== null && f.computer.gone) {
			notices.push({ tone: "warn", shape: "question", title: words["record.gone"], text: words["record.gone.text"] });
		} else if (f !== null && f.computer.ghost) {
			notices.push({ tone: "warn", shape: "question", title: words["record.ghost"], text: words["record.ghost.text"] });
		}
		if (f !== null && f.stale) {
			notices.push({ tone: "warn", shape: "warn", title: words["stale"], text: words["stale.text"] });
		}
		// A copy takes a moment: a file that cannot be read once or twice is no matter.
		if (f !== null && !live && intake.troubles >= 3) {
			word = JobMon.has(words, "file." + intake.trouble) ? intake.trouble : "locked";
			notices.push({ tone: "warn", shape: "warn", title: words["file"], text: words["file." + word] });
		}
		if (f !== null && intake.liveTrouble && !live) {
			notices.push({ tone: "dim", shape: "warn", title: words["live.gone"], text: "" });
		}
		if (open && f.no_more_updates && !live) {
			notices.push({ tone: "info", shape: "dot", title: words["last"], text: words["last.text"] });
		}
		return notices;
	};
}());
