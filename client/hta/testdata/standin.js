// Stands in for Windows in a browser: ActiveX objects over files in memory, and a clock that goes only when told.
(function () {
	"use strict";
	const Real = Date;
	const state = { files: {}, now: Real.UTC(2026, 10, 22, 3, 0, 0), timers: {}, next: 1, passed: 0, keys: [], fronts: 0, runs: [], closed: false, live: null, asked: [], errors: [] };
	window.stand = state;
	window.addEventListener("error", (e) => state.errors.push("error: " + e.message));
	window.alert = (text) => state.errors.push("alert: " + text);

	window.Date = function (...args) {
		return args.length === 0 ? new Real(state.now) : new Real(...args);
	};
	window.Date.UTC = Real.UTC;
	window.Date.parse = Real.parse;
	window.setInterval = function (what, every) {
		state.timers[state.next] = { what, every, due: state.passed + every };
		return state.next++;
	};
	window.clearInterval = function (id) {
		delete state.timers[id];
	};
	window.close = function () {
		state.closed = true;
	};

	// advance lets seconds pass; step moves the clock itself, as somebody does who sets it.
	window.advance = function (seconds) {
		const end = state.passed + Math.round(seconds * 1000);
		for (;;) {
			const [id, timer] = Object.entries(state.timers).reduce((a, b) => (a[1] && a[1].due <= b[1].due ? a : b), [0, null]);
			const next = timer ? Math.min(end, timer.due) : end;
			state.now += next - state.passed;
			state.passed = next;
			if (!timer || timer.due > end) {
				return;
			}
			timer.due += timer.every;
			timer.what();
		}
	};
	window.step = function (seconds) {
		state.now += seconds * 1000;
	};

	function present(path) {
		return Object.prototype.hasOwnProperty.call(state.files, path);
	}

	function content(path) {
		if (!present(path)) {
			throw new Error("53: file not found: " + path);
		}
		if (state.files[path] === null) {
			throw new Error("70: permission denied");
		}
		return state.files[path];
	}

	const objects = {
		"Scripting.FileSystemObject": {
			BuildPath: (folder, name) => folder.replace(/\\$/, "") + "\\" + name,
			GetDriveName: (path) => path.substring(0, 2),
			GetDrive: (name) => ({ DriveType: name === "N:" ? 3 : 2 }),
			FileExists: (path) => present(path),
			GetFile: (path) => ({ Size: content(path).length, Attributes: path.endsWith(".lnk") ? 1024 : 32 }),
			GetSpecialFolder: (which) => ({ Path: which === 0 ? "C:\\Windows" : "C:\\Windows\\System32" }),
			DeleteFile: (path) => { content(path); delete state.files[path]; },
			OpenTextFile: (path) => {
				const text = content(path);
				return { AtEndOfStream: text === "", Read: (most) => text.substring(0, most), Close: () => {} };
			},
			CreateTextFile: (path) => {
				if (state.readOnly) {
					throw new Error("70: permission denied");
				}
				return { Write: (text) => { state.files[path] = text; }, Close: () => {} };
			}
		},
		"WScript.Shell": {
			Run: (command, style, wait) => {
				state.runs.push([command, style, wait]);
				if (state.netstat) {
					state.files["C:\\JobMon\\JobMon.net"] = state.netstat;
				}
			},
			AppActivate: () => { state.fronts++; return true; },
			SendKeys: (keys) => { state.keys.push(keys); }
		}
	};

	class Request {
		SetTimeouts() {}
		SetAutoLogonPolicy(policy) { this.policy = policy; }
		Open(method, url, async) { this.url = url; this.async = async; this.headers = {}; }
		SetRequestHeader(name, value) { this.headers[name] = value; }
		Abort() { this.aborted = true; }
		Send() {
			state.asked.push([this.url, this.headers["If-None-Match"] || "", this.async, this.policy].concat(this.headers.Authorization || []));
		}
		WaitForResponse() {
			const answer = state.live && state.live(this);
			if (!answer) {
				return false;
			}
			if (answer.fails) {
				throw new Error("12029: connection refused");
			}
			this.Status = answer.status;
			this.ResponseText = answer.text || "";
			this.answered = answer;
			return true;
		}
		Option(which) { return which === 6 ? false : which === 1 && this.answered && this.answered.url || this.url; }
		GetResponseHeader(name) {
			if (name === "Content-Length" && this.answered && !(this.answered.headers && this.answered.headers[name])) {
				return String(this.ResponseText.length);
			}
			if (!this.answered) {
				throw new Error("the operation cannot be carried out yet");
			}
			if (!this.answered.headers || !this.answered.headers[name]) {
				throw new Error("12150: header not found");
			}
			return this.answered.headers[name];
		}
	}

	window.ActiveXObject = function (name) {
		if (name === "WinHttp.WinHttpRequest.5.1") {
			return new Request();
		}
		if (!objects[name]) {
			throw new Error("429: no such object: " + name);
		}
		return objects[name];
	};
	Object.defineProperty(Element.prototype, "commandLine", {
		get() {
			return this.id === "monitor" ? state.line : undefined;
		}
	});
}());
