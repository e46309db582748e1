// What the monitor needs of Windows: files, other programs, the daemon over HTTP. Only parts that every Windows has, and
// nothing that waits: a monitor that waits stands still.
(function () {
	var ansi = 0, unicode = -1, alias = 1024, network = 3;

	// makeSystem works through makeObject, which makes an ActiveX object of a name; own is the monitor's own folder.
	JobMon.makeSystem = function (makeObject, own) {
		var system = {}, fso = makeObject("Scripting.FileSystemObject"), shell = null;

		function theShell() {
			if (shell === null) {
				shell = makeObject("WScript.Shell");
			}
			return shell;
		}

		function path(folder, name) {
			return fso.BuildPath(folder, name);
		}

		// alone says whether the own folder is this computer's alone. On a share the monitors of many computers would take one
		// another for an earlier one of their own.
		function alone() {
			if (own === "" || /^\\\\/.test(own)) {
				return false;
			}
			try {
				return fso.GetDrive(fso.GetDriveName(own)).DriveType !== network;
			} catch (e) {
				return true;
			}
		}

		// text reads at most so many characters of a file.
		function text(name, most, format) {
			var stream = fso.OpenTextFile(name, 1, false, format), read = "";
			try {
				if (!stream.AtEndOfStream) {
					read = stream.Read(most);
				}
			} finally {
				stream.Close();
			}
			return read;
		}

		// evt reads a delivered file: {text} or {error: word}. A link is not followed: whoever may write to the folder could
		// have it point anywhere.
		system.evt = function (folder, name) {
			var full, file;
			try {
				full = path(folder, name);
				if (!fso.FileExists(full)) {
					return { error: "missing" };
				}
				file = fso.GetFile(full);
				if ((file.Attributes & alias) !== 0) {
					return { error: "foreign" };
				}
				if (file.Size === 0) {
					return { error: "empty" };
				}
				return { text: text(full, JobMon.largest + 1, ansi) };
			} catch (e) {
				return { error: "locked" };
			}
		};

		// ownText reads a file of the monitor's own folder, written in any encoding that an editor of Windows uses; "" when it
		// cannot be read.
		system.ownText = function (name) {
			var read;
			try {
				if (own === "" || !fso.FileExists(path(own, name)) || fso.GetFile(path(own, name)).Size > 65536) {
					return "";
				}
				read = text(path(own, name), 65536, ansi);
				if (read.indexOf("\u0000") >= 0) {
					read = text(path(own, name), 65536, unicode);
				}
				return JobMon.asUtf8(read);
			} catch (e) {
				return "";
			}
		};

		system.ownHas = function (name) {
			try {
				return own !== "" && fso.FileExists(path(own, name));
			} catch (e) {
				return false;
			}
		};

		// write puts a short text into a file of the own folder, when it may and no other computer has the same one.
		system.write = function (name, content) {
			var stream;
			if (!alone()) {
				return false;
			}
			try {
				stream = fso.CreateTextFile(path(own, name), true, false);
				stream.Write(content);
				stream.Close();
				return true;
			} catch (e) {
				return false;
			}
		};

		system.temp = function () {
			try {
				return path(fso.GetSpecialFolder(0).Path, "Temp");
			} catch (e) {
				return "C:\\Windows\\Temp";
			}
		};

		// askAgent has netstat write its connections into the own folder, without a window and without waiting, to be read
		// at the next time. Programs are named in full: the folder that the monitor was started in may be anybody's.
		system.askAgent = function () {
			var system32, target;
			if (/[%"\^&!<>|]/.test(own) || !alone()) {
				return;
			}
			try {
				system32 = fso.GetSpecialFolder(1).Path;
				target = path(own, "JobMon.net");
				if (fso.FileExists(target)) {
					fso.DeleteFile(target, true);
				}
				theShell().Run("\"" + path(system32, "cmd.exe") + "\" /d /c \"\"" + path(system32, "netstat.exe") + "\" -n -p TCP > \"" +
					target + ".new\" && move /y \"" + target + ".new\" \"" + target + "\"\"", 0, false);
			} catch (e) {
				return;
			}
		};

		// activate brings the window of a title to the front.
		system.activate = function (title) {
			theShell().AppActivate(title);
		};

		// key presses F15, which no keyboard has had for decades and no program listens to; Shift and the like change what a
		// technician types at the same moment, and the lock keys change a light.
		system.key = function () {
			theShell().SendKeys("{F15}");
		};
		return system;
	};

	// stay keeps WinHTTP from following redirections: it would carry the token to the host that an answer names. It says whether
	// that is so. Only JScript can set a property that has an argument. Other engines refuse to read such a line: it is a text,
	// always this one, and they may find that it is so already.
	function stay(request) {
		try {
			new Function("request", "request.Option(6) = false;")(request);
			return true;
		} catch (e) {
			try {
				return request.Option(6) === false;
			} catch (e2) {
				return false;
			}
		}
	}

	// makeLive asks the daemon for a computer's picture, one request at a time.
	JobMon.makeLive = function (makeObject) {
		var request = null, failed = false, began = 0, tag = "", asked = "", live = {}, deadline = 4000;

		function header(name) {
			try {
				return String(request.GetResponseHeader(name));
			} catch (e) {
				return "";
			}
		}

		// origin is whose address a URL is: protocol and host.
		function origin(url) {
			var found = /^https?:\/\/[^\/?#:]*/i.exec(url);
			return found ? found[0].toLowerCase() : "";
		}

		// elsewhere says that the answer is not of the one who was asked, as where redirections are followed all the same.
		function elsewhere() {
			var last = "";
			try {
				last = String(request.Option(1));
			} catch (e) {
				return false; // it cannot be found out here
			}
			return origin(last) !== origin(asked);
		}

		// large says that an answer has no length or is longer than any file.
		function large() {
			var length = header("Content-Length");
			return !/^[0-9]{1,6}$/.test(length) || Number(length) > JobMon.largest;
		}

		function answer() {
			if (elsewhere()) {
				return { error: "live" };
			}
			if (request.Status === 304) {
				return { same: true };
			}
			if (request.Status !== 200 || large()) {
				return { error: "live" };
			}
			tag = header("ETag");
			return { text: String(request.ResponseText), date: header("Date") };
		}

		// ask begins a request unless one is under way. whole asks for the picture even if it is the last one. The token crosses the
		// network encrypted only, and goes to no other host.
		live.ask = function (url, token, whole, now) {
			if (request !== null) {
				return;
			}
			began = now;
			asked = url;
			try {
				request = makeObject("WinHttp.WinHttpRequest.5.1");
				request.SetTimeouts(2000, 2000, deadline, deadline);
				request.Open("GET", url, true);
				// Never show the computer's own account to whoever answers.
				request.SetAutoLogonPolicy(2);
				if (stay(request) && token !== "" && /^https:/i.test(url)) {
					request.SetRequestHeader("Authorization", "Bearer " + token);
				}
				if (!whole && tag !== "") {
					request.SetRequestHeader("If-None-Match", tag);
				}
				request.Send();
			} catch (e) {
				request = null;
				failed = true;
			}
		};

		// look gives the answer, as makeIntake's liveRead takes it, or null while there is none.
		live.look = function (now) {
			var found = null;
			if (request !== null) {
				try {
					if (request.WaitForResponse(0)) {
						found = answer();
					} else if (now - began >= deadline || (header("Content-Length") !== "" && large())) {
						request.Abort();
						found = { error: "live" };
					}
				} catch (e) {
					found = { error: "live" };
				}
				if (found !== null) {
					request = null;
				}
			} else if (failed) {
				failed = false;
				found = { error: "live" };
			}
			if (found !== null && found.error) {
				tag = "";
			}
			return found;
		};
		return live;
	};
}());
