// The monitor itself: one tick a second, from which everything else happens. Each thing is done on its own, so that one
// that fails keeps no other from happening.
(function () {
	var second = 1000;

	// ownFolder is the folder of the file that the address or the command line names, "" when neither names it in full: what
	// the present folder is depends on who started the monitor, and may be anybody's.
	JobMon.ownFolder = function (address, line) {
		var folder = folderOf(address, line);
		if (/^[A-Za-z]:$/.test(folder)) {
			return folder + "\\";
		}
		return /^([A-Za-z]:\\|\\\\[^\\])/.test(folder) ? folder : "";
	};

	function folderOf(address, line) {
		var found = /^file:\/\/(\/?)([^?#]*)/i.exec(address), named = /^\s*(?:"([^"]*)"|([^\s"]+))/.exec(line), name;
		if (!found) {
			name = named ? named[1] || named[2] || "" : "";
			return name.replace(/\\?[^\\]*$/, "");
		}
		name = found[2];
		try {
			name = decodeURIComponent(name);
		} catch (e) {
			name = found[2];
		}
		name = (found[1] === "" ? "\\\\" : "") + name.replace(/\//g, "\\");
		return name.replace(/\\[^\\]*$/, "");
	}

	// pickWords gives the words of a language: built in, else English, and over them those of a file in the folder languages
	// beside the monitor. A file whose first line did not come through as it was written is in an encoding that this
	// Windows reads wrongly.
	JobMon.pickWords = function (wished, systems, ownText) {
		var language = wished || systems.substr(0, 2).toLowerCase(), words, file;
		words = JobMon.has(JobMon.languages, language) ? JobMon.copy(JobMon.languages.en, JobMon.languages[language]) : JobMon.languages.en;
		file = JobMon.pairs(/^[a-z]{2}$/.test(language) ? ownText("languages\\" + language + ".txt") : "");
		if (JobMon.has(file, "letters") && file.letters !== JobMon.languages.en.letters) {
			return words;
		}
		return JobMon.copy(words, file);
	};

	function attempt(what) {
		try {
			what();
			return true;
		} catch (e) {
			return false;
		}
	}

	// run starts the monitor. makeObject makes ActiveX objects; line is the command line, "" outside of an HTA.
	JobMon.run = function (window, document, makeObject, line) {
		var own = JobMon.ownFolder(String(window.location.href), line), given = JobMon.commandLine(line);
		var title = document.title, token = "", system = null, settings = JobMon.settings({}), words = JobMon.languages.en, source = "", stills = false;
		var timer = JobMon.makeTimer(), intake = JobMon.makeIntake(timer, given.id), live = JobMon.makeLive(makeObject);
		var stage = document.getElementById("stage"), screen = null, ticks = 0, agent = null, handle = null, shown = null, moving = null, moved = 0;

		function now() {
			return new Date().getTime();
		}

		function logo() {
			var image;
			if (settings.logo === "" || !system.ownHas(settings.logo)) {
				return;
			}
			image = document.createElement("img");
			image.alt = "";
			image.src = encodeURIComponent(settings.logo);
			screen.logo(image);
		}

		// reduced says that whoever sits here wants no motion, as far as the engine knows: mshta does not, a browser does.
		function reduced() {
			try {
				return window.matchMedia("(prefers-reduced-motion: reduce)").matches === true;
			} catch (e) {
				return false;
			}
		}

		// configure reads the settings again when they have changed, and draws everything anew then.
		function configure() {
			var read = system === null ? "" : system.ownText("JobMon.ini"), still = reduced(), systems;
			if (screen !== null && read === source && still === stills) {
				return;
			}
			source = read;
			stills = still;
			settings = JobMon.settings(JobMon.pairs(read));
			settings.motion = settings.motion && !still;
			systems = String(window.navigator.systemLanguage || window.navigator.userLanguage || window.navigator.language || "en");
			words = JobMon.pickWords(settings.language, systems, system === null ? function () {
				return "";
			} : system.ownText);
			document.body.style.backgroundColor = settings.colours.back;
			while (stage.firstChild) {
				stage.removeChild(stage.firstChild);
			}
			screen = JobMon.makeScreen(document, stage, settings, words);
			shown = null;
			if (system !== null) {
				attempt(logo);
			}
		}

		function folder() {
			return given.folder || settings.folder || system.temp();
		}

		function end() {
			window.clearInterval(handle);
			window.close();
		}

		// leave ends the monitor when it is told to, or when a newer one runs beside it.
		function leave() {
			var other;
			if (settings.close || system.ownHas(settings.stop)) {
				end();
				return;
			}
			if (token !== "") {
				other = JobMon.trim(system.ownText("JobMon.running"));
				if (other !== "" && other !== token) {
					end();
				}
			}
		}

		function look() {
			var url, answer = live.look(timer.sum());
			if (answer !== null) {
				intake.liveRead(answer);
			}
			if ((ticks - 1) % settings.poll === 0) {
				intake.fileRead(system.evt(folder(), settings.file));
				url = JobMon.address(settings.url, given.id !== null ? given.id : intake.picture === null ? null : intake.picture.file.computer.id);
				if (url !== "") {
					live.ask(url, settings.token, !intake.hasLive(), timer.sum());
				}
			} else if (answer !== null && answer.error) {
				intake.fileRead(system.evt(folder(), settings.file));
			}
		}

		function askAgent() {
			var read;
			if (!settings.agent) {
				agent = null;
				return;
			}
			if (ticks % 30 === 2) {
				system.askAgent();
			}
			if (ticks % 30 === 7) {
				read = system.ownText("JobMon.net");
				agent = read === "" ? null : JobMon.agentConnected(read, settings.port, settings.established);
			}
		}

		function stayInFront() {
			if (settings.foreground && ticks % 5 === 3) {
				system.activate(title);
			}
			if (settings.awake && ticks % 50 === 3) {
				system.key();
			}
		}

		function fill() {
			if (line === "" || (document.body.clientWidth >= window.screen.width && document.body.clientHeight >= window.screen.height)) {
				return;
			}
			window.moveTo(0, 0);
			window.resizeTo(window.screen.width, window.screen.height);
		}

		// move shows the next frame.
		function move() {
			moved += JobMon.every;
			screen.move(JobMon.frame(moved));
		}

		// animate has frames come while something runs, and no longer.
		function animate(on) {
			if (on && moving === null) {
				moving = window.setInterval(function () {
					attempt(move);
				}, JobMon.every);
			} else if (!on && moving !== null) {
				window.clearInterval(moving);
				moving = null;
				moved = 0;
				screen.move({ arrow: 0.5, glow: 0 });
			}
		}

		function stand() { // over a picture that could not be drawn nothing may move
			animate(false);
		}

		function show() {
			var resized = screen.resize(document.body.clientWidth, document.body.clientHeight), view;
			if (!resized && ticks % 5 !== 1 && intake.picture !== null && intake.picture === shown && intake.passed().seconds > 60) {
				return;
			}
			shown = intake.picture;
			view = JobMon.view(intake, settings, words, agent);
			screen.show(view);
			animate(view.moves);
		}

		function claim() {
			token = String(now()) + "-" + String(Math.floor(Math.random() * 1000000000));
			if (!system.write("JobMon.running", token)) {
				token = "";
			}
		}

		function open() {
			system = JobMon.makeSystem(makeObject, own);
			claim();
		}

		function tick() {
			timer.tick(now(), second);
			ticks++;
			if (system === null) {
				attempt(open);
			}
			if (ticks % 60 === 1 || screen === null) {
				attempt(configure);
			}
			if (system !== null) {
				if ((ticks - 1) % settings.poll === 0) {
					attempt(leave);
				}
				attempt(look);
				attempt(askAgent);
				attempt(stayInFront);
			}
			if (ticks % 5 === 1) {
				attempt(fill);
			}
			if (!attempt(show)) {
				attempt(stand);
			}
		}

		function restart() {
			if (handle !== null) {
				window.clearInterval(handle);
			}
			handle = window.setInterval(function () {
				attempt(tick);
			}, second);
		}

		// On the logon screen the monitor runs as SYSTEM: no key, menu or help may open anything from it.
		function swallow(event) {
			var e = event || window.event;
			try {
				e.keyCode = 0;
			} catch (x) {
				e.returnValue = false;
			}
			e.returnValue = false;
			return false;
		}

		window.onerror = function () {
			restart();
			return true;
		};
		document.onkeydown = swallow;
		document.onhelp = swallow;
		window.onhelp = swallow;
		document.oncontextmenu = swallow;
		document.ondragstart = swallow;
		document.onselectstart = swallow;
		restart();
		attempt(tick);
	};
}());
