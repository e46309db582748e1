// The optional settings file and language files: lines of "name = value". What cannot be used is left at its default: a
// monitor that does not start helps nobody.
(function () {
	// The high half of Windows-1252 where it differs from Unicode, from 0x80; 0 where nothing is.
	var western = [
		0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
		0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178
	];

	function byteOf(c) {
		var i;
		if (c < 0x80 || (c >= 0xa0 && c <= 0xff)) {
			return c;
		}
		for (i = 0; i < western.length; i++) {
			if (western[i] === c || c === 0x80 + i) {
				return 0x80 + i;
			}
		}
		return -1;
	}

	// asUtf8 takes a text that was read in the Western code page for what it is when its bytes are valid UTF-8, which
	// newer editors write; any other text it gives back as it is.
	JobMon.asUtf8 = function (text) {
		var decoded = "", i = 0, b, more, n, least;
		while (i < text.length) {
			b = byteOf(text.charCodeAt(i));
			i++;
			if (b < 0) {
				return text;
			}
			if (b < 0x80) {
				decoded += String.fromCharCode(b);
				continue;
			}
			if (b >= 0xc2 && b <= 0xdf) {
				more = 1;
				n = b & 0x1f;
				least = 0x80;
			} else if (b >= 0xe0 && b <= 0xef) {
				more = 2;
				n = b & 0xf;
				least = 0x800;
			} else if (b >= 0xf0 && b <= 0xf4) {
				more = 3;
				n = b & 7;
				least = 0x10000;
			} else {
				return text;
			}
			for (; more > 0; more--) {
				b = i < text.length ? byteOf(text.charCodeAt(i)) : -1;
				i++;
				if (b < 0x80 || b > 0xbf) {
					return text;
				}
				n = n * 64 + (b & 0x3f);
			}
			if (n < least || n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff)) {
				return text;
			}
			if (n >= 0x10000) {
				decoded += String.fromCharCode(0xd800 + ((n - 0x10000) >> 10), 0xdc00 + ((n - 0x10000) & 0x3ff));
			} else {
				decoded += String.fromCharCode(n);
			}
		}
		return decoded;
	};

	// pairs reads the lines of a text into an object. Names are in small letters; empty lines, [sections] and those that
	// begin with # or ; are passed over. A value may stand in double quotes.
	JobMon.pairs = function (text) {
		var found = {}, lines = text.replace(/\u0000/g, "").split(/[\r\n]+/), i, line, at, name, value;
		for (i = 0; i < lines.length && i < 2000; i++) {
			line = JobMon.trim(lines[i].substr(0, 2000));
			at = line.indexOf("=");
			if (at < 1 || /^[#;\[]/.test(line)) {
				continue;
			}
			name = JobMon.trim(line.substr(0, at)).toLowerCase();
			value = JobMon.trim(line.substr(at + 1));
			if (value.length >= 2 && value.charAt(0) === "\"" && value.charAt(value.length - 1) === "\"") {
				value = value.substr(1, value.length - 2);
			}
			if (name !== "__proto__") {
				found[name] = value;
			}
		}
		return found;
	};

	function onOff(value, otherwise) {
		if (/^(on|yes|true|1|ja|oui)$/i.test(value)) {
			return true;
		}
		return /^(off|no|false|0|nein|non)$/i.test(value) ? false : otherwise;
	}

	function number(value, least, most, otherwise) {
		var n = /^[0-9]{1,6}$/.test(value) ? Number(value) : otherwise;
		return n < least || n > most ? otherwise : n;
	}

	// A file in the monitor's own folder: a bare name, so that no other folder, device or stream can be meant.
	function ownFile(value, otherwise) {
		return /^[^\\\/:*?"<>|%\u0000-\u001f]{1,100}$/.test(value) && !/^\.+$/.test(value) ? value : otherwise;
	}

	var colours = {
		back: "#0a1420", panel: "#101e2e", line: "#223448", text: "#f4f8fc", soft: "#c3d0de", dim: "#93a5b8", accent: "#ffb000",
		good: "#5fd0a8", bad: "#ff8b73", warn: "#ffd166", info: "#8fb8ff"
	};

	// settings gives all settings, from those that a file has.
	JobMon.settings = function (found) {
		function of(name) {
			return JobMon.has(found, name) ? found[name] : "";
		}
		var s = {
			language: /^[a-z]{2}$/i.test(of("language")) ? of("language").toLowerCase() : "",
			title: JobMon.clean(of("title")).substr(0, 200),
			support: JobMon.clean(of("support")).substr(0, 200),
			logo: /\.(png|gif|jpg|jpeg|bmp)$/i.test(of("logo")) ? ownFile(of("logo"), "") : "",
			folder: of("folder").substr(0, 250),
			file: ownFile(of("file"), "JobMon.txt"),
			poll: number(of("poll"), 1, 60, 5),
			awake: onOff(of("keep.awake"), true),
			foreground: onOff(of("foreground"), true),
			motion: onOff(of("motion"), true),
			close: onOff(of("close"), false),
			stop: ownFile(of("stop.file"), "JobMon.stop"),
			agent: onOff(of("agent.check"), true),
			port: number(of("agent.port"), 1, 65535, 402),
			established: "ESTABLISHED HERGESTELLT " + of("agent.established").toUpperCase(),
			url: /^https?:\/\/[^\s"<>]{1,300}$/i.test(of("monitor.url")) ? of("monitor.url") : "",
			token: /^[\w\-.~+\/=]{8,200}$/.test(of("monitor.token")) ? of("monitor.token") : "",
			colours: {}
		}, name, value;
		for (name in colours) {
			if (JobMon.has(colours, name)) {
				value = of("colour." + name) || of("color." + name);
				s.colours[name] = /^#[0-9a-f]{6}$/i.test(value) ? value.toLowerCase() : colours[name];
			}
		}
		return s;
	};

	// address is where the live picture of a computer is, "" when there is none.
	JobMon.address = function (url, id) {
		if (url === "" || id === null) {
			return "";
		}
		if (url.indexOf("{id}") >= 0) {
			return url.split("{id}").join(String(id));
		}
		return url.replace(/\/*$/, "/") + id;
	};

	// arguments of the command line: the folder to read from, then the computer's id. The first one is the monitor itself.
	JobMon.commandLine = function (line) {
		var found = line.match(/"[^"]*"|[^\s"]+/g) || [], given = { folder: "", id: null }, i, one;
		for (i = 1; i < found.length; i++) {
			one = found[i].replace(/^"|"$/g, "");
			if (/^-?[0-9]{1,10}$/.test(one)) {
				given.id = Number(one);
			} else if (given.folder === "" && one !== "" && !/%/.test(one)) {
				given.folder = one;
			}
		}
		return given;
	};

	// agentConnected looks for an established connection to a port of another computer in what netstat -n says. null: what
	// it says cannot be understood.
	JobMon.agentConnected = function (text, port, established) {
		var lines = text.split(/[\r\n]+/), i, parts, understood = false;
		for (i = 0; i < lines.length; i++) {
			parts = JobMon.trim(lines[i]).split(/\s+/);
			if (parts.length < 4 || parts[0].toUpperCase() !== "TCP") {
				continue;
			}
			if (new RegExp(":" + port + "$").test(parts[2])) {
				if ((" " + established + " ").indexOf(" " + parts[3].toUpperCase() + " ") >= 0) {
					return true;
				}
				// Other states are written with an underscore or in a language that is not known here.
				if (!/_|^LISTENING$/.test(parts[3])) {
					return null;
				}
			}
			understood = true;
		}
		return understood ? false : null;
	};
}());
