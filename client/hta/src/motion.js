// The motion that shows from the door that something goes on: an arrow travels from the package to the PC, and the line of
// the stage that runs glows. It is a sign of life, not of progress.
(function () {
	var travel = 2500, rest = 500, shades = [0, 0.5, 1, 0.5], shade = 500;

	// every is the time between two frames, in milliseconds: as few as one still sees move, for the sake of old processors.
	JobMon.every = 250;

	// frame is what moves, so many milliseconds after it began: arrow is its way from 0 to 1, or -1 while it rests; glow is
	// the brightness of the line, from 0 to 1.
	JobMon.frame = function (ms) {
		var way = ms % (travel + rest);
		return { arrow: way < travel ? way / travel : -1, glow: shades[Math.floor(ms / shade) % shades.length] };
	};

	// moves says whether a stage runs as far as is known now. Nothing may move when the picture could be old, when the stage
	// takes longer than it should, or when the agent is away: a screen that moves while the server is dead lies.
	JobMon.moves = function (intake, notices, agent) {
		var f = intake.picture === null ? null : intake.picture.file, s, passed = intake.passed().seconds, i;
		if (f === null || f.kind !== "deployment" || f.session.state !== "open" || f.current === undefined || f.agent === "offline" || agent === false) {
			return false;
		}
		s = f.stages[f.current];
		// Without a usual time, and without news that could come, the same bound holds as for the word that there are none.
		if (s.state !== "running" || ((!s.expected_s || s.elapsed_s === undefined) && !intake.live() && passed > f.quiet_s)) {
			return false;
		}
		for (i = 0; i < notices.length; i++) {
			if (notices[i].tone === "warn") {
				return false;
			}
		}
		return true;
	};
}());
