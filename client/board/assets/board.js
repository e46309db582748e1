// The pages' one script. A page is complete without it and shows the present; the script keeps it up to date, moves the
// slider, and turns the wall's pages. All that the reader chose stands in the address.
"use strict";
(() => {
const root = document.documentElement, page = root.dataset.page;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const words = JSON.parse(root.dataset.words || "{}");
const fill = (text, values) => (text || "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
root.classList.add("js");

// ---- The moment shown, and time that goes by ----

const shown = () => document.getElementById("shown")?.dataset ?? {};
const past = () => shown().past === "1";
let ahead = Number(shown().until || shown().now || Date.now()) - Date.now(); // how far the DS server's clock is ahead of this one
let readAge = null, readSeen = Date.now(); // how old the last read was, and when that was said
function fresh() {
	const said = one("#read")?.dataset.age;
	readAge = said === undefined ? null : Number(said);
	readSeen = Date.now();
}
const present = () => Date.now() + ahead;

function lasting(ms) {
	const s = Math.max(0, Math.floor(ms / 1000)), m = Math.floor(s / 60);
	if (s < 60) return fill(words["for.seconds"], { n: s });
	if (m < 60) return fill(words["for.minutes"], { n: m });
	if (m < 2880) return fill(words["for.hours"], { h: Math.floor(m / 60), m: String(m % 60).padStart(2, "0") });
	return fill(words["for.days"], { n: Math.floor(m / 1440) });
}

function put(element, text) {
	if (element && element.textContent !== text) element.textContent = text;
}

// age writes what time alone changes: how long things last, and how far the stage at work is.
function age(within = document) {
	const now = past() ? Number(shown().now) : present();
	for (const e of all("time[data-since]", within)) put(e, lasting(now - e.dataset.since));
	if (shown().lost) return;
	for (const e of all("[data-takes]", within)) {
		const part = Math.min(0.95, Math.max(0, now - e.dataset.since) / e.dataset.takes);
		e.setAttribute("width", Math.max(2, Math.floor(part * e.dataset.wide)));
	}
}

const wallClock = (ms) => new Date(ms + Number(shown().offset || 0)).toISOString();

function tick() {
	if (!past() && shown().now) {
		age();
		put(one("#clock"), wallClock(present()).slice(11, 16));
		if (readAge !== null) put(one("#read"), lasting(readAge + Date.now() - readSeen));
		if (track.input && !dragging) point(Math.min(present(), track.input.max));
	}
	movePresent(present());
	if (page === "wall") wall.tick();
}

// ---- Parts of the page from the server ----

let asking = null; // the newest request: an older one never counts
const busy = (on) => { const line = one("#busy"); if (line) line.hidden = !on; };

// load shows what stands at an address of this page. History is "push", "replace" or nothing.
async function load(address, history = "", wrong = null) {
	asking?.abort();
	const mine = asking = new AbortController(), slow = setTimeout(busy, 300, true);
	let answer, text;
	try {
		answer = await fetch(address, { headers: { "X-Fragment": "main" }, signal: mine.signal, cache: "no-store" });
		text = await answer.text();
	} catch (error) {
		if (error.name === "AbortError") return null;
		gone(true);
		return false;
	} finally {
		clearTimeout(slow);
		if (mine === asking) { busy(false); asking = null; }
	}
	if (mine.signal.aborted) return null; // another one has taken its place
	if (answer.redirected || answer.status === 401) return void location.reload();
	const parts = new DOMParser().parseFromString(text, "text/html"), next = parts.getElementById("shown");
	if (!answer.ok || !next) {
		if (answer.status < 500) wrong?.(one("#problem", parts)?.textContent.trim() || text.trim() || words.failed);
		else gone(true);
		if (answer.status < 500 && !wrong && (history || answer.status === 404)) location.assign(address); // what it showed is gone
		return false;
	}
	if (next.dataset.version !== root.dataset.version) return void location.reload();
	show(document.importNode(next, true));
	const to = new URL(address, location);
	if (next.dataset.at) to.searchParams.set("at", next.dataset.at); else to.searchParams.delete("at");
	if (history) window.history[history + "State"](null, "", to);
	wrong?.("");
	connect();
	return true;
}

// show puts the new part in the old one's place; a field in which somebody types stays as it is.
function show(next) {
	const old = document.getElementById("shown"), at = document.activeElement, name = old.contains(at) && at.name;
	const typed = name && [at.value, at.selectionStart, at.selectionEnd], href = old.contains(at) && at.getAttribute("href");
	ahead = Number(next.dataset.until || next.dataset.now) - Date.now();
	const scrolled = all("[data-scroll]", old).map((e) => e.scrollTop), opened = all("details", old).map((e) => e.open);
	old.replaceWith(next);
	fresh();
	all("[data-scroll]", next).forEach((e, i) => { e.scrollTop = scrolled[i] || 0; });
	all("details", next).forEach((e, i) => { if (i in opened) e.open = opened[i]; });
	root.classList.toggle("past", past());
	document.title = next.dataset.title;
	const field = name ? one(`[name="${CSS.escape(name)}"]`, next) : href && all("a[href]", next).find((a) => a.getAttribute("href") === href);
	if (field) field.focus();
	if (field && typed && field.type === "search") { field.value = typed[0]; field.setSelectionRange(typed[1], typed[2]); }
	for (const e of all("#slider .back")) e.hidden = !past();
	if (one("#at")) one("#at").value = past() ? wallClock(Number(shown().now)).slice(0, 19).replace("T", " ") : "";
	point(Number(shown().now));
	age(next);
	if (page === "wall") wall.begin();
}

document.addEventListener("click", (event) => {
	const link = event.target.closest("a[href]");
	if (event.target.closest("[data-print]")) window.print();
	if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !one("#shown")) return;
	const to = new URL(link.href);
	if (to.origin !== location.origin || to.pathname !== location.pathname || to.hash || page === "reports") return;
	event.preventDefault();
	play(false);
	if (link.dataset.range) {
		const here = new URL(location);
		here.searchParams.set("range", link.dataset.range);
		history.pushState(null, "", here);
		return void ground();
	}
	load(to, "push");
});
window.addEventListener("popstate", () => { play(false); load(location.href); ground(); });

// ---- The board's filter ----

let typing = 0;
function filter(history) {
	const form = one("#filter"), to = new URL(location.pathname, location);
	for (const [name, value] of new FormData(form)) if (value !== "") to.searchParams.append(name, value);
	load(to, history);
}
document.addEventListener("submit", (event) => {
	if (event.target.id === "filter") { event.preventDefault(); filter("push"); }
	if (event.target.id === "goto") { event.preventDefault(); typed(one("#at").value.trim()); }
});
document.addEventListener("input", (event) => {
	if (event.target.form?.id !== "filter") return;
	clearTimeout(typing);
	typing = setTimeout(filter, event.target.type === "search" ? 250 : 0, "replace");
});
document.addEventListener("keydown", (event) => {
	if (event.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName) && one(".find input")) {
		event.preventDefault();
		one(".find input").select();
	}
});

// ---- Rows that change ----

const rowTemplate = document.createElement("template");
let unsorted = false, said = 0;
// chosen says whether a site is among those that are shown: "DS01,DS02", nothing for all.
const chosen = (sites, site) => !sites || sites.split(",").includes(site);
const fits = (row, table) => {
	const want = table.dataset;
	return (!want.state || row.dataset.state === want.state) && (!want.group || row.dataset.group === want.group) &&
		(!want.server || row.dataset.server === want.server) && chosen(want.site, row.dataset.site) && (!want.text || (row.dataset.text || "").includes(want.text));
};
const order = (a, b) => a.dataset.key < b.dataset.key ? -1 : a.dataset.key > b.dataset.key ? 1 :
	one("th a", a).textContent.toLowerCase() < one("th a", b).textContent.toLowerCase() ? -1 : 1;
const held = (table) => table.matches(":hover") || table.contains(document.activeElement);

function upsert(table, { id, html }) {
	rowTemplate.innerHTML = html;
	const row = rowTemplate.content.firstElementChild, old = document.getElementById("c" + id);
	if (!row || !fits(row, table)) {
		if (old && !held(table)) old.remove();
		else if (old) { old.classList.add("left"); unsorted = true; }
		return;
	}
	if (table.dataset.capped && old?.dataset.state !== row.dataset.state) soon(10000); // the server knows which rows come first
	if (table.dataset.capped && !old) return;
	age(row);
	row.classList.add("lit");
	const focused = old?.contains(document.activeElement);
	if (old) old.replaceWith(row); else (all("tbody", table).find((b) => b.dataset.groups.includes(row.dataset.key[0])) ?? table.tBodies[0]).append(row);
	if (focused) one("a", row)?.focus();
	if (held(table)) { unsorted = true; if (!old) row.hidden = true; }
}

// sort brings the rows into their order, if nobody points at them.
function sort(table, force = false) {
	if (!force && held(table)) return void (one("#unsorted").hidden = !(unsorted && disordered(table)));
	one("#unsorted").hidden = true;
	if (table.dataset.sort) return void (unsorted && load(location.href));
	unsorted = false;
	all("tr.left", table).forEach((row) => row.remove());
	const rows = all("tr[data-key]", table).sort(order);
	for (const body of table.tBodies) {
		const mine = rows.filter((row) => body.dataset.groups.includes(row.dataset.key[0]));
		const head = one("tr.group", body);
		let at = head ? head.nextElementSibling : body.firstElementChild;
		for (const row of mine) {
			row.hidden = false;
			if (row === at) at = at.nextElementSibling; else body.insertBefore(row, at);
		}
		body.hidden = mine.length === 0;
		if (!table.dataset.capped) put(one(".n", body), String(mine.length));
	}
}
function disordered(table) {
	const rows = all("tr[data-key]", table);
	return rows.some((row, i) => row.hidden || row.classList.contains("left") || i > 0 && order(rows[i - 1], row) > 0 ||
		!row.parentNode.dataset.groups.includes(row.dataset.key[0]));
}
document.addEventListener("mouseout", () => { const t = one("table.rows"); if (t && unsorted) setTimeout(() => t.isConnected && sort(t)); });
document.addEventListener("click", (event) => { if (event.target.closest("#unsorted")) sort(one("table.rows"), true); });

function count(counts) {
	let changed = false;
	for (const e of all(".count[data-state], [data-count]")) {
		const n = counts[e.dataset.state ?? e.dataset.count] ?? 0, number = one("b", e);
		changed ||= number.textContent !== String(n);
		put(number, String(n));
		e.classList.toggle("none", n === 0 && e.dataset.state !== "all");
	}
	if (changed && Date.now() - said > 5000) {
		said = Date.now();
		put(one("#say"), fill(words.changed, counts));
	}
}

// ---- News from the server ----

let source = null, heard = Date.now(), seen = 0, again = 1000, retry = 0, refresh = 0, stale = false, lost = false;

// soon loads the page anew, at most once in that many milliseconds however much happens.
function soon(ms) {
	stale = true;
	refresh ||= setTimeout(async () => {
		stale = false;
		await load(location.href);
		refresh = 0;
		if (stale) soon(ms);
	}, ms);
}

// gone says that the server does not answer, and tries again until it does.
function gone(on) {
	const banner = one("#broken");
	if (banner) banner.hidden = !on;
	lost = on;
	if (!on) again = 1000;
	else if (!retry) retry = setTimeout(async () => { retry = 0; gone(!await load(location.href)); }, again = Math.min(30000, again * 2));
}

function connect() {
	const computer = location.pathname.match(/^\/c\/((?:[\w-]+\/)?\d+)$/)?.[1];
	if (past() || !(page === "board" || page === "wall" || computer) || !one("#shown")) return void disconnect();
	if (source || document.hidden && page !== "wall") return;
	const asked = new URLSearchParams(computer ? { computer } : { page }), lang = new URL(location).searchParams.get("lang");
	if (lang) asked.set("lang", lang);
	asked.set("after", Math.max(seen, Number(shown().seq)));
	const mine = source = new EventSource("/api/v1/stream?" + asked);
	heard = Date.now();
	mine.onopen = () => {
		heard = Date.now();
		if (lost) { gone(false); load(location.href); }
	};
	mine.onerror = () => {
		if (mine.readyState === EventSource.CLOSED && source === mine) disconnect();
		setTimeout(() => { if (!document.hidden && !past() && source?.readyState !== EventSource.OPEN) gone(true); }, 3000);
	};
	const on = (name, act) => mine.addEventListener(name, (event) => {
		heard = Date.now();
		seen = Math.max(seen, parseInt(event.lastEventId, 10) || 0);
		act(JSON.parse(event.data || "{}"));
	});
	on("rows", news);
	on("state", news);
	on("picture", () => soon(300));
	on("reload", () => { disconnect(); seen = 0; load(location.href); });
}
function disconnect() { source?.close(); source = null; }

// moved says whether a site went away, came back, appeared or is gone since the page was made.
function moved(sites) {
	if (!sites || !shown().now) return false;
	const said = sites.map(({ name, away }) => name + ":" + (away ?? ""));
	return page === "computer" ? !said.includes(shown().sites) : said.join(" ") !== shown().sites;
}

// standings keeps the list of the sites up to date.
function standings(sites) {
	for (const { name, counts, known } of sites) {
		const row = one(`tr[data-of="${CSS.escape(name)}"]`), age = row && one("time", row);
		if (!row) continue;
		for (const e of all("[data-n]", row)) put(e, String(counts[e.dataset.n] ?? 0));
		if (age && known) age.dataset.since = known;
	}
}

// sum adds the counts of sites; nothing for none.
function sum(sites) {
	const all = {};
	for (const { counts } of sites) for (const [state, n] of Object.entries(counts)) all[state] = (all[state] ?? 0) + n;
	return sites.length ? all : undefined;
}

function news(data) {
	if (past()) return;
	const own = page === "computer" && data.sites?.find(({ name }) => name === (shown().sites ?? "").split(":")[0]); // has a clock of its own
	if (data.now) ahead = (own || data).now - Date.now();
	if (data.read_age >= 0) { readAge = own ? data.now - (own.known ?? data.now) : data.read_age * 1000; readSeen = Date.now(); }
	movePresent(present());
	if (!own && data.lost !== undefined && data.lost !== (shown().lost === "1")) return void load(location.href);
	if (data.read_age >= 0 && one("[data-unread]")) return void load(location.href);
	if (moved(data.sites)) return void load(location.href);
	const rows = data.rows ?? [], table = one("table.rows");
	const only = shown().site ?? table?.dataset.site; // the sites that are counted, nothing for all
	const counts = only ? sum((data.sites ?? []).filter(({ name }) => chosen(only, name))) : data.counts;
	if (page === "wall") return void wall.news(rows, counts);
	standings(data.sites ?? []);
	if (counts) count(counts);
	if (!table || rows.length === 0) return;
	if (table.hidden) return void load(location.href);
	for (const row of rows) upsert(table, row);
	sort(table);
}
setInterval(() => {
	tick();
	if (source && Date.now() - heard > 45000) { disconnect(); gone(true); }
}, 1000);
document.addEventListener("visibilitychange", () => { // browsers have few connections: a page that nobody sees has none
	if (document.hidden && page !== "wall") return void disconnect();
	tick();
	connect();
});

// ---- The slider ----

const track = { input: null };
let dragging = false, wanted = null, seeking = false, playing = 0, rate = 10;

const tongue = root.lang === "en" ? "en-GB" : root.lang;

// point moves the handle and says where it stands.
function point(ms) {
	const input = track.input;
	if (!input) return;
	const at = Math.min(Math.max(ms, input.min), input.max), part = 100 * (at - input.min) / Math.max(1, input.max - input.min);
	const text = new Intl.DateTimeFormat(tongue, { dateStyle: "full", timeStyle: "medium", timeZone: "UTC" }).format(ms + Number(shown().offset || 0));
	if (!dragging) input.value = at;
	if (input.getAttribute("aria-valuetext") !== text) input.setAttribute("aria-valuetext", text);
	one("#ahead")?.setAttribute("x", part + "%");
	const handle = one("#handle");
	handle.style.left = `clamp(64px, ${part}%, calc(100% - 64px))`;
	put(handle, new Intl.DateTimeFormat(tongue, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
		timeZone: "UTC" }).format(ms + Number(shown().offset || 0)));
}

// movePresent moves the line and the label of the present, on the ground as it was fetched last.
function movePresent(ms) {
	const line = one(".t-now"), label = one(".t-present"), { from, to } = one("#track")?.dataset ?? {};
	if (!line || !label || !shown().now) return;
	const x = Math.min(Math.max(100 * (ms - from) / Math.max(1, to - from), 0), 100) + "%";
	for (const e of [line, label]) if (e.getAttribute("x") !== x) e.setAttribute("x", x);
	put(label, label.textContent.replace(/\d\d:\d\d/, wallClock(ms).slice(11, 16)));
}

const zone = () => {
	const minutes = Math.round(Number(shown().offset || 0) / 60000), m = Math.abs(minutes);
	return (minutes < 0 ? "-" : "+") + String(Math.floor(m / 60)).padStart(2, "0") + ":" + String(m % 60).padStart(2, "0");
};
const stamp = (ms) => wallClock(ms).slice(0, 19) + zone();

function address(at) {
	const to = new URL(location);
	if (at) to.searchParams.set("at", at); else to.searchParams.delete("at");
	return to;
}
const say = (text) => put(one("#wrong"), text);
const typed = (text) => { play(false); load(address(text === "now" ? "" : text), "push", say); };

// seek shows a moment. While one is on its way only the newest that is wanted counts.
async function seek(ms, history = "replace") {
	wanted = [Math.max(ms, Math.ceil(Number(track.input?.min ?? 0) / 1000) * 1000), history]; // in whole seconds, never before the slider
	if (seeking) return;
	seeking = true;
	while (wanted) {
		const [at, how] = wanted;
		wanted = null;
		await load(address(at >= present() - 1000 ? "" : stamp(at)), how, say);
	}
	seeking = false;
}

// step goes to another event: from the one that the last step asked for, while that is on its way.
let stepped = null;
async function step(by) {
	const track = Number(one("#track")?.dataset.step);
	if (track) return void seek((past() ? Number(shown().now) : present()) + by * track * 1000, "push"); // sites have no order of events
	const last = stepped?.to ?? Math.max(Number(shown().seq), past() || shown().sites !== undefined ? 0 : seen), before = shown().seq;
	const to = !stepped && by < 0 && past() ? shown().first - 1 : last + by; // a moment has all that was recorded together
	const mine = stepped = { to };
	const found = await load(address("seq:" + to), "push", () => {});
	if (stepped !== mine) return;
	stepped = null;
	if (found === false && by > 0 && past()) load(address(""), "push");
	else if (by < 0 && shown().seq === before) say("");
}

function bind() {
	const input = track.input = one("#moment");
	if (!input) return;
	point(past() ? Number(shown().now) : Number(input.max));
	input.addEventListener("input", () => {
		dragging = true;
		root.classList.add("dragging");
		play(false);
		point(Number(input.value));
		seek(Number(input.value));
	});
	input.addEventListener("change", () => {
		dragging = false;
		root.classList.remove("dragging");
		seek(Number(input.value), "push");
	});
	input.addEventListener("keydown", (event) => {
		const hop = Number(one("#track").dataset.seconds) * 1000, at = past() ? Number(shown().now) : present();
		const act = { ArrowLeft: () => step(-1), ArrowDown: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => step(1),
			PageUp: () => seek(at - hop, "push"), PageDown: () => seek(at + hop, "push"),
			Home: () => seek(Number(input.min), "push"), End: () => load(address(""), "push") }[event.key];
		if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
		event.preventDefault();
		play(false);
		act();
	});
}

// ground fetches what the slider stands on, for the period in the address.
async function ground() {
	if (!one("#track")) return;
	try {
		const answer = await fetch(location.href, { headers: { "X-Fragment": "slider" }, cache: "no-store" });
		const next = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("track");
		if (!next || dragging) return;
		const focused = document.activeElement === track.input;
		one("#track").replaceWith(document.importNode(next, true));
		bind();
		if (focused) track.input?.focus();
	} catch { gone(true); }
	const range = new URL(location).searchParams.get("range");
	if (range) for (const a of all(".ranges a")) a.dataset.range === range ? a.setAttribute("aria-current", "true") : a.removeAttribute("aria-current");
}
setInterval(() => { if (!document.hidden && !dragging) ground(); }, 60000);

function play(on) {
	clearTimeout(playing);
	playing = 0;
	const button = one("#play");
	if (!button) return;
	button.classList.toggle("on", on);
	button.setAttribute("aria-label", on ? words.stop : words.play);
	if (!on) return;
	const began = past() ? Number(shown().now) : Number(track.input?.min ?? present());
	let at = began;
	const next = async () => {
		at += rate * 1000;
		if (at >= present()) { play(false); return void load(address(""), "replace"); }
		await load(address(stamp(at)), "replace");
		if (playing) playing = setTimeout(next, 1000);
	};
	playing = setTimeout(next, 0);
}
document.addEventListener("click", (event) => {
	if (event.target.closest("#play")) play(!playing);
	const chosen = event.target.closest("[data-rate]");
	if (!chosen) return;
	rate = Number(chosen.dataset.rate);
	for (const b of all("[data-rate]")) b.setAttribute("aria-pressed", String(b === chosen));
});

// ---- The wall ----

const wall = { at: 0, turned: Date.now(), states: new Map(), sounds: null, shifted: Date.now() };
wall.seen = new Set(JSON.parse(localStorageOr("wall.seen", "[]")));
wall.open = new Map(JSON.parse(localStorageOr("wall.open", "[]"))); // failures that nobody has acknowledged, with their tiles
function localStorageOr(name, otherwise) { try { return localStorage.getItem(name) ?? otherwise; } catch { return otherwise; } }
function keep(name, value) { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* this screen keeps nothing */ } }

// place sorts the tiles: those that need somebody, and that nobody on this screen has acknowledged, stay in sight.
wall.place = () => {
	const need = one("#need"), others = one("#others");
	if (!need) return;
	for (const tile of all(".tile")) {
		const state = tile.dataset.state, open = tile.dataset.ack && !wall.seen.has(tile.dataset.ack);
		if (open) need.append(tile);
		else if (/running|waiting|failed|still/.test(state)) others.append(tile);
		else tile.remove();
	}
	for (const part of [need, others]) part.append(...all(".tile", part).sort((a, b) => a.dataset.key < b.dataset.key ? -1 : 1));
	wall.turn(0);
};

// turn shows a page: three that need somebody, and eight others.
wall.turn = (by) => {
	const need = all("#need .tile"), others = one("#others").hidden ? [] : all("#others .tile"), pages = Math.max(1, Math.ceil(need.length / 3), Math.ceil(others.length / 8));
	wall.at = (wall.at + by) % pages;
	const page = (list, size) => { const n = Math.max(1, Math.ceil(list.length / size)); list.forEach((t, i) => { t.hidden = Math.floor(i / size) !== wall.at % n; }); };
	page(need, 3);
	page(others, 8);
	one("#ack").hidden = need.length === 0;
	put(one("#pages"), pages > 1 ? fill(words.page, { n: wall.at + 1, all: pages }) : "");
	const dots = one("#dots");
	dots.classList.toggle("many", pages > 6);
	if (by || dots.childElementCount !== pages) {
		dots.replaceChildren(...Array.from({ length: pages > 1 ? pages : 0 }, (_, i) => {
			const dot = document.createElement("i");
			dot.classList.toggle("on", i === wall.at);
			return dot;
		}));
		wall.turned = Date.now();
	}
};

wall.tick = () => {
	const seconds = Number(shown().seconds || 12);
	if (Date.now() - wall.turned > seconds * 1000) { wall.turned = Date.now(); wall.turn(1); }
	if (Date.now() - wall.shifted > 600000) { // nothing stands in one place for days
		wall.shifted = Date.now();
		const n = Math.floor(Date.now() / 600000) % 4;
		one("#screen").style.transform = `translate(${[0, 4, 4, 0][n]}px, ${[0, 0, 4, 4][n]}px)`;
	}
};

wall.news = (rows, counts) => {
	if (counts) count(counts);
	for (const { id, html } of rows) {
		rowTemplate.innerHTML = html;
		const made = rowTemplate.content.firstElementChild, tile = made && chosen(shown().site, made.dataset.site) ? made : null;
		const old = document.getElementById("t" + id), was = wall.states.get(String(id));
		if (tile) {
			const state = tile.dataset.state;
			if (state === "failed" && tile.dataset.ack !== old?.dataset.ack && !wall.seen.has(tile.dataset.ack)) wall.sound("failed");
			if (state === "ready" && was && was !== "ready") wall.sound("ready");
			wall.states.set(String(id), state);
			age(tile);
		}
		old?.remove();
		if (tile) { tile.classList.add("lit"); one("#others").append(tile); }
	}
	wall.hold();
	const wrong = one('.tile[data-ack], .tile[data-overdue]') !== null;
	if (rows.length && (!wrong || shown().quiet)) soon(1000);
	wall.place();
};

// hold keeps a failure in sight until somebody has acknowledged it, or until its computer shows a newer one: whatever
// becomes of the computer, and also when all tiles come anew.
wall.hold = () => {
	for (const tile of all('.tile[data-state="failed"][data-ack]:not(.was)')) {
		const { ack } = tile.dataset, computer = ack.split(":")[0] + ":";
		for (const other of wall.open.keys()) if (other.startsWith(computer)) wall.open.delete(other);
		wall.open.set(ack, tile.outerHTML);
	}
	for (const [ack, html] of wall.open) {
		if (wall.seen.has(ack)) { wall.open.delete(ack); continue; }
		if (all(".tile").some((tile) => tile.dataset.ack === ack)) continue;
		rowTemplate.innerHTML = html;
		const tile = rowTemplate.content.firstElementChild;
		tile.id = "";
		tile.classList.add("was");
		put(one(".w-then", tile), words.was);
		one("#need").append(tile);
	}
	for (const tile of all(".tile.was")) if (!wall.open.has(tile.dataset.ack)) tile.remove();
	keep("wall.open", [...wall.open]);
};

wall.acknowledge = (tiles) => {
	for (const tile of tiles) wall.seen.add(tile.dataset.ack);
	wall.seen = new Set([...wall.seen].slice(-500));
	keep("wall.seen", [...wall.seen]);
	wall.hold();
	wall.place();
};

// sound plays two notes: down for a failure, up for a computer that is ready.
wall.sound = (what) => {
	if (!wall.sounds) return;
	(what === "failed" ? [660, 440] : [523, 784]).forEach((pitch, i) => {
		const tone = wall.sounds.createOscillator(), loud = wall.sounds.createGain(), at = wall.sounds.currentTime + i * 0.25;
		tone.frequency.value = pitch;
		loud.gain.setValueAtTime(0.0001, at);
		loud.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
		loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.4);
		tone.connect(loud).connect(wall.sounds.destination);
		tone.start(at);
		tone.stop(at + 0.45);
	});
};

// begin takes the tiles of a new part of the page, and those that nobody has acknowledged from before.
wall.begin = () => {
	for (const tile of all(".tile")) wall.states.set(tile.id.slice(1), tile.dataset.state);
	wall.hold();
	wall.place();
};

if (page === "wall") {
	const awake = () => { if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {}); };
	document.addEventListener("visibilitychange", awake);
	document.addEventListener("keydown", (event) => {
		if (event.key === " " && !event.target.closest("button")) { event.preventDefault(); wall.acknowledge(all("#need .tile:not([hidden])")); }
		if (event.key === "ArrowRight") wall.turn(1);
	});
	document.addEventListener("click", (event) => {
		if (event.target.closest("#ack")) wall.acknowledge(all("#need .tile:not([hidden])"));
		const tile = event.target.closest("#need .tile"), button = event.target.closest("#sound");
		if (tile) wall.acknowledge([tile]);
		if (!button) return;
		wall.sounds = wall.sounds ? (wall.sounds.close(), null) : new AudioContext();
		button.setAttribute("aria-pressed", String(wall.sounds !== null));
		put(one("span", button), words[wall.sounds ? "sound.on" : "sound.off"]);
		wall.sound("ready");
	});
	awake();
	wall.begin();
}

addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
bind();
fresh();
if (one("#track") && !track.input) ground();
tick();
connect();
})();
