// Runs behind the monitor's parts in cscript, with real files in the folder that is given. Everything that is said is
// ASCII; the last line says that the end was reached, as an error that nobody catches ends cscript with code 0.
(function () {
	var fso = new ActiveXObject("Scripting.FileSystemObject"), folder = WScript.Arguments(0), failed = 0;

	function ascii(text) {
		var made = "", i, c;
		for (i = 0; i < text.length; i++) {
			c = text.charCodeAt(i);
			made += c < 127 && c > 31 ? text.charAt(i) : "\\u" + ("000" + c.toString(16)).slice(-4);
		}
		return made;
	}

	function is(what, got, want) {
		if (got !== want) {
			failed++;
			WScript.Echo(ascii("FAILED " + what + ": " + got + ", want " + want));
		}
	}

	function make(name) {
		return new ActiveXObject(name);
	}

	var system = JobMon.makeSystem(make, folder), ini, names, one, seen, s, i;

	// The engine is as old as it is to be.
	is("JSON", typeof JSON, "undefined");
	is("a letter by index", typeof "abc"[0], "undefined");

	is("missing", system.evt(folder, "none.evt").error, "missing");
	is("empty", system.evt(folder, "empty.evt").error, "empty");
	is("a folder", system.evt(folder, "folder.evt").error, "missing");
	is("half", JobMon.readEvt(system.evt(folder, "half.evt").text).error, "cut");
	is("huge", JobMon.readEvt(system.evt(folder, "huge.evt").text).error, "large");
	is("huge is bounded", system.evt(folder, "huge.evt").text.length, JobMon.largest + 1);
	is("foreign", JobMon.readEvt(system.evt(folder, "foreign.evt").text).error, "foreign");
	is("newer", JobMon.readEvt(system.evt(folder, "newer.evt").text).error, "newer");

	for (i = 0; i < 3; i++) {
		ini = JobMon.settings(JobMon.pairs(system.ownText(["utf8.ini", "utf16.ini", "western.ini"][i])));
		is("title of file " + i, ascii(ini.title), "B\\u00fcro Stra\\u00dfe");
		is("support of file " + i, ini.support, "12345");
	}
	is("no settings", system.ownText("none.ini"), "");
	is("own file", system.ownHas("utf8.ini") && !system.ownHas("none.ini"), true);

	// One instance: the newer one's word stands in the file.
	is("written", system.write("JobMon.running", "first"), true);
	is("read back", system.ownText("JobMon.running"), "first");
	is("written again", system.write("JobMon.running", "second"), true);
	is("read again", system.ownText("JobMon.running"), "second");
	is("not written", system.write("folder.evt", "x"), false);
	is("the system's folder", system.temp().toLowerCase(), "c:\\windows\\temp");

	WScript.Echo("frames " + frames());

	// Every golden file, read from the disk and said in words; behind them the story, from file to file.
	names = system.ownText("names.txt").split("\n");
	s = new Story({ language: "de" }).file(null).pass(5);
	for (i = 0; i < names.length; i++) {
		if (names[i].indexOf("golden\\") === 0) {
			one = system.evt(folder, names[i]);
			WScript.Echo(ascii(names[i] + " " + summary(one.text)));
		} else if (names[i] !== "") {
			fso.CopyFile(folder + "\\" + names[i], folder + "\\JobMon.txt", true);
			one = system.evt(folder, "JobMon.txt");
			s.pass(20).file(one.text);
			seen = s.view();
			WScript.Echo(ascii(names[i] + " " + seen.hero.name + " " + seen.done));
		}
	}
	WScript.Echo((failed === 0 ? "reached the end, all is well" : "reached the end, failed: " + failed));
}());
