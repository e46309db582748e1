// For tests: a monitor without screen and Windows, to which files are given and time is told.
function Story(settings, own) {
	this.timer = JobMon.makeTimer();
	this.clock = 1000000;
	this.timer.tick(this.clock, 1000);
	this.intake = JobMon.makeIntake(this.timer, own === undefined ? null : own);
	this.settings = JobMon.settings(settings || {});
	this.words = JobMon.languages[this.settings.language || "en"];
}
Story.prototype.pass = function (seconds) {
	for (var i = 0; i < seconds; i++) {
		this.clock += 1000;
		this.timer.tick(this.clock, 1000);
	}
	return this;
};
// step sets the computer's clock; the next tick sees it.
Story.prototype.step = function (seconds) {
	this.clock += seconds * 1000;
	return this;
};
Story.prototype.file = function (text) {
	this.intake.fileRead(text === null ? { error: "missing" } : { text: text });
	return this;
};
Story.prototype.live = function (answer) {
	this.intake.liveRead(answer);
	return this;
};
Story.prototype.view = function () {
	return JobMon.view(this.intake, this.settings, this.words, null);
};
Story.prototype.hero = function () {
	var h = this.view().hero;
	return [h.label, h.name].concat(h.facts.slice(0, 1), h.after.length === 0 ? [] : h.after.join(", "), h.facts.slice(1), h.extra, h.todo === "" ? [] : h.todo).join(" | ").replace(/\u00a0/g, " ");
};
// old is the age in seconds as it is known.
Story.prototype.old = function () {
	var passed = this.intake.passed();
	return (passed.atLeast ? "at least " : "") + Math.floor(passed.seconds);
};
Story.prototype.notices = function () {
	var all = this.view().notices, said = [], i;
	for (i = 0; i < all.length; i++) {
		said.push([all[i].title, all[i].text, all[i].todo].join(" | ").replace(/\u00a0/g, " "));
	}
	return said;
};
Story.prototype.rows = function () {
	var all = this.view().rows, said = [], i;
	for (i = 0; i < all.length; i++) {
		said.push([all[i].shape, all[i].name, all[i].tag, all[i].right].join("|"));
	}
	return said;
};
// look is a view of one file some seconds after it came.
function look(text, seconds) {
	return new Story().file(null).pass(5).file(text).pass(seconds).view();
}
// summary is a view in one line, to compare what two engines make of a file.
function summary(text) {
	var v = look(text, 75), parts = [v.computer, v.place, v.clock, v.hero.label, v.hero.name, v.hero.facts.join("/"), v.hero.after.join("/"), v.hero.todo, v.moves, v.done, v.end.text, v.end.left, v.age], i;
	for (i = 0; i < v.notices.length; i++) {
		parts.push(v.notices[i].title + "/" + v.notices[i].text + "/" + v.notices[i].todo);
	}
	for (i = 0; i < v.rows.length && i < 20; i++) {
		parts.push(v.rows[i].shape + "/" + v.rows[i].name + "/" + v.rows[i].tag + "/" + v.rows[i].right);
	}
	return parts.join("|");
}
// frames is what moves in six seconds, to compare what two engines make of it.
function frames() {
	var all = [], ms, frame;
	for (ms = 0; ms < 6000; ms += JobMon.every) {
		frame = JobMon.frame(ms);
		all.push(Math.round(frame.arrow * 1000) + "/" + Math.round(frame.glow * 100));
	}
	return all.join(" ");
}
