// Which picture is shown, and what is known of its age. Pictures come from the delivered file and, where the site allows
// it, from the daemon; the last good one stays until another is news.
(function () {
	// key is the same for files that say the same. Two servers, or a log that was begun again, may use a number twice.
	function key(f) {
		return [f.computer.id, f.server || "", f.kind, f.seq, f.kind === "stopped" ? f.asked || "" : f.at].join(" ");
	}

	// makeIntake takes pictures in. timer is what makeTimer made; own is the computer's id when it is known, else null.
	JobMon.makeIntake = function (timer, own) {
		var fileKey = null, looked = null, liveGood = null, last = { text: null, answer: null };
		var intake = {
			picture: null, // {file, live, since, doubts, older, sure} of the last good one
			trouble: "", // why the file could not be read, "" when it could
			troubles: 0, // how often in a row
			liveTrouble: false // the live picture is wished for and does not come
		};

		var computer = null, server = null;

		// take shows a picture from now on. older is how many seconds old it was already; sure says that this is known.
		function take(f, live, older, sure) {
			intake.picture = { file: f, live: live, since: timer.sum(), doubts: timer.doubts, older: older, sure: sure };
			if (f.at_local) {
				server = { at: JobMon.seconds(f.at_local) + older, since: timer.sum() };
				computer = f.computer;
			}
		}

		// now is the reading of the server's clock, as far as is known: null before the first picture that has one.
		intake.serverTime = function () {
			return server === null ? null : server.at + (timer.sum() - server.since) / 1000;
		};

		// computer is what is known of the computer that the picture is about; a file of kind stopped has only its id.
		intake.computer = function () {
			var own = intake.picture === null ? {} : intake.picture.file.computer;
			return computer !== null && computer.id === own.id ? computer : own;
		};

		function shown() {
			return intake.picture === null ? null : key(intake.picture.file);
		}

		// readAgain reads a text, unless it is the one that was read last: the file is mostly the same for minutes.
		function readAgain(text) {
			if (text !== last.text) {
				last = { text: text, answer: JobMon.readEvt(text) };
			}
			return last.answer;
		}

		function bad(word) {
			intake.trouble = word;
			intake.troubles++;
		}

		// live says whether the daemon answered within the last seconds.
		intake.live = function () {
			return liveGood !== null && timer.doubts === liveGood.doubts && timer.sum() - liveGood.at <= 20000;
		};

		// hasLive says whether the picture is the daemon's, so that "nothing has changed" can be its answer.
		intake.hasLive = function () {
			return intake.picture !== null && intake.picture.live;
		};

		// fileRead takes what a look at the file gave: {text: ...}, or {error: word}. A file that was not there at the look
		// before, a few seconds ago, has just come; the first one can be of any age.
		intake.fileRead = function (read) {
			var before = looked, answer, k, news;
			looked = { at: timer.sum(), doubts: timer.doubts };
			answer = read.error ? read : readAgain(read.text);
			if (!answer.error && own !== null && answer.file.computer.id !== own) {
				answer = { error: "other" };
			}
			if (answer.error) {
				bad(answer.error);
				return;
			}
			intake.trouble = "";
			intake.troubles = 0;
			k = key(answer.file);
			news = k !== fileKey;
			fileKey = k;
			if (!news || k === shown()) {
				return;
			}
			// A delivered file was made at the last marker: the daemon's own word is newer.
			if (intake.live()) {
				return;
			}
			take(answer.file, false, 0, before !== null && before.doubts === timer.doubts && looked.at - before.at <= 70000);
		};

		// liveRead takes the daemon's answer: {text, date}, date being its Date header or "", {same: true} when nothing has
		// changed, or {error: word}.
		intake.liveRead = function (read) {
			var answer, age;
			if (read.same && intake.picture !== null && intake.picture.live) {
				liveGood = { at: timer.sum(), doubts: timer.doubts };
				intake.liveTrouble = false;
				return;
			}
			answer = read.error || read.same ? { error: "live" } : JobMon.readEvt(read.text);
			if (answer.error || (own !== null && answer.file.computer.id !== own)) {
				intake.liveTrouble = true;
				liveGood = null;
				return;
			}
			liveGood = { at: timer.sum(), doubts: timer.doubts };
			intake.liveTrouble = false;
			if (key(answer.file) === shown()) {
				intake.picture.live = true;
				return;
			}
			// The daemon's clock and the file's are both right, or wrong by the same.
			age = answer.file.at && read.date ? JobMon.secondsOfHeader(read.date) - JobMon.seconds(answer.file.at) : NaN;
			take(answer.file, true, age >= 0 && age < 864000 ? age : 0, age >= 0);
		};

		// passed is how many seconds ago the picture was taken; atLeast is true when it may be more.
		intake.passed = function () {
			var p = intake.picture;
			return {
				seconds: p === null ? 0 : p.older + (timer.sum() - p.since) / 1000,
				atLeast: p === null || !p.sure || p.doubts !== timer.doubts
			};
		};
		return intake;
	};

	// secondsOfHeader reads "Sun, 22 Nov 2026 13:12:05 GMT" as JobMon.seconds does; NaN when it is none.
	JobMon.secondsOfHeader = function (date) {
		var found = /([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) GMT$/.exec(date), month;
		if (!found) {
			return NaN;
		}
		month = "JanFebMarAprMayJunJulAugSepOctNovDec".indexOf(found[2]) / 3 + 1;
		if (month < 1 || month !== Math.floor(month)) {
			return NaN;
		}
		return JobMon.seconds(found[3] + "-" + (month < 10 ? "0" : "") + month + "-" + found[1] + "T" + found[4]);
	};
}());
