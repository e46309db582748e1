// Times without the computer's clock. While a computer is being built its clock can have the wrong time and zone, and be
// set right at any moment; so nothing here asks what time it is, only how much of it went by.
(function () {
	// A tick that took longer than this, or less than nothing, says nothing about how much time went by: the clock was set,
	// or the computer slept. Shorter ones are believed: a busy computer is late.
	var believed = 30000;

	// makeTimer counts milliseconds from tick to tick. tick is given the clock's reading and how many milliseconds were to
	// go by since the last one; it returns the sum. doubts counts the ticks that could not be believed; each of them
	// counted as if nothing had been the matter, so that the sum is rather too small.
	JobMon.makeTimer = function () {
		var last = null, sum = 0, timer = { doubts: 0 };
		timer.tick = function (reading, planned) {
			var passed = last === null ? 0 : reading - last;
			last = reading;
			if (passed >= 0 && passed <= believed) {
				sum += passed;
			} else {
				sum += planned;
				timer.doubts++;
			}
			return sum;
		};
		timer.sum = function () {
			return sum;
		};
		return timer;
	};

	// Wall clock readings are reckoned with as numbers: days since an arbitrary day, times 86,400, plus seconds.
	function days(year, month, day) {
		var y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
		return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((153 * m + 2) / 5) + day;
	}

	JobMon.seconds = function (local) {
		return days(Number(local.substr(0, 4)), Number(local.substr(5, 2)), Number(local.substr(8, 2))) * 86400 +
			Number(local.substr(11, 2)) * 3600 + Number(local.substr(14, 2)) * 60 + Number(local.substr(17, 2));
	};

	function two(n) {
		return n < 10 ? "0" + n : String(n);
	}

	// clock is "14:05" of such a number, clockSeconds "14:05:09".
	JobMon.clock = function (seconds) {
		var day = ((Math.floor(seconds) % 86400) + 86400) % 86400;
		return two(Math.floor(day / 3600)) + ":" + two(Math.floor(day / 60) % 60);
	};

	JobMon.clockSeconds = function (seconds) {
		return JobMon.clock(seconds) + ":" + two(((Math.floor(seconds) % 60) + 60) % 60);
	};

	// when is a moment as somebody would say it at another: "14:05", or "21.11. 14:05" on another day, as words has it.
	JobMon.when = function (local, now, words) {
		var seconds = JobMon.seconds(local), time = local.substr(11, 5);
		if (Math.floor(seconds / 86400) === Math.floor(now / 86400)) {
			return time;
		}
		return JobMon.fill(words["other.day"], { day: Number(local.substr(8, 2)), month: Number(local.substr(5, 2)), time: time });
	};

	// about is a typical duration in words: its minutes are rounded, not cut.
	JobMon.about = function (seconds, words) {
		return JobMon.lasting(seconds < 60 ? seconds : 60 * Math.round(seconds / 60), words);
	};

	// passing is a duration that goes on, in words: it changes once a minute, so that the screen can stand still.
	JobMon.passing = function (seconds, words) {
		return seconds < 60 ? words["for.moment"] : JobMon.lasting(seconds, words);
	};

	// lasting is a duration in words, of whole seconds.
	JobMon.lasting = function (seconds, words) {
		var whole = Math.max(0, Math.floor(seconds)), minutes = Math.floor(whole / 60);
		if (whole < 60) {
			return JobMon.fill(words["for.seconds"], { n: whole });
		}
		if (minutes < 60) {
			return JobMon.fill(words["for.minutes"], { n: minutes });
		}
		if (minutes < 2880) {
			return JobMon.fill(words["for.hours"], { h: Math.floor(minutes / 60), m: two(minutes % 60) });
		}
		return JobMon.fill(words["for.days"], { n: Math.floor(minutes / 1440) });
	};
}());
