// The demo page: holds the state the server sends and wires the parts together.
import { Composer } from "./composer.js";
import { openForm } from "./form.js";
import { Ears } from "./listen.js";
import { el } from "./markdown.js";
import { closeMenu, openMenu } from "./menu.js";
import { Conversation, avatar } from "./messages.js";

const $ = (id) => document.getElementById(id);
const state = { as: "", names: {}, you: null, here: "", welcomed: false, offers: { commands: [], message: [], user: [] }, people: [], moderates: false };

// ask posts a form to the server as whoever one is. It resolves to the answer, or
// { error }. Files are one or several a name.
async function ask(path, fields, files = {}) {
  const form = new FormData();
  for (const [k, v] of Object.entries({ as: state.as, ...fields })) form.append(k, typeof v === "string" ? v : JSON.stringify(v));
  for (const [k, list] of Object.entries(files)) for (const file of [list].flat()) form.append("file:" + k, file, file.name);
  try {
    const answer = await fetch(path, { method: "POST", body: form });
    return await answer.json();
  } catch {
    return { error: "The demo does not answer. Is it still running in the terminal?" };
  }
}

// act asks, and shows what came of it: a form the bot opened, or what went wrong.
async function act(path, fields, files) {
  const { error, form } = await ask(path, fields, files);
  composer.complain(error || "");
  if (form) openForm(form, state, (values, files) => submit(form, values, files));
  return error || "";
}

async function submit(form, values, files) {
  const answer = await ask("submit", { form: form.id, values }, files);
  if (answer.form) openForm(answer.form, state, (v, f) => submit(answer.form, v, f));
  return answer;
}

const conversation = new Conversation($("messages"), {
  press: (message, custom, values) => act("press", { message, custom, values }),
  menu: (button, m) => openMenu(button, "Message", [
    ...state.offers.message.map((name) => ({ label: name, take: () => act("menu", { message: m.id, name }) })),
    ...(m.author.id === state.you || (state.moderates && !(m.flags & 64)) ? [{ label: "Delete message", danger: true, take: () => act("delete", { message: m.id }) }] : []),
  ]),
  personMenu: (button, user) => openMenu(button, user.username, state.offers.user.map((name) => ({ label: name, take: () => act("menu", { user: user.id, name }) }))),
});

const composer = new Composer($("composer"), {
  send: (name, args, files) => act("command", { name, args }, files),
  say: async (text) => (await ask("say", { text })).error || "",
  complete: async (name, args, focused, value) => (await ask("complete", { name, args, focused, value })).choices || [],
});

const ears = new Ears(showSound, () => "audio?as=" + state.as);

let current = null; // the socket of whoever one is

function connect() {
  const socket = new WebSocket(new URL("state?as=" + state.as, location.href.replace(/^http/, "ws")));
  current = socket;
  socket.onmessage = (e) => {
    if (socket !== current) return;
    const update = JSON.parse(e.data);
    if (update.stats) showStats(update.stats);
    if (update.order) showState(update);
  };
  socket.onopen = () => { $("connection").textContent = "connected"; $("connection").classList.add("up"); };
  socket.onclose = () => {
    if (socket !== current) return;
    $("connection").textContent = "connection lost, trying again";
    $("connection").classList.remove("up");
    setTimeout(connect, 1000);
  };
}

function showState(update) {
  Object.assign(state, { you: update.you, as: update.you, moderates: update.moderates, people: update.people, roles: update.roles || [], channels: update.channels });
  state.names = Object.fromEntries([...update.people, ...update.channels, ...state.roles].map((x) => [x.id, x.name]));
  $("server").textContent = update.server;
  const text = update.channels.find((c) => !c.voice);
  $("text-channel").textContent = $("channel-title").textContent = text.name;
  showSelf(update);
  showVoice(update);
  if (update.offers) state.offers = update.offers;
  composer.commands = state.offers.commands;
  composer.street = state;
  document.body.dataset.commands = state.offers.commands.length;
  const scroll = $("scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  conversation.update(update.order, update.changed || [], state.names, state);
  showAlbum(update.album || [], update.order.length > 0);
  const choosing = scroll.querySelector("details[open]"); // nothing moves under the pointer
  if (atEnd && !choosing && (update.changed || []).length) scroll.scrollTop = scroll.scrollHeight;
}

// showSelf says who one is and what one reads; both can be chosen. What was chosen a
// moment ago stays until Discord knows of it.
function showSelf(update) {
  if (document.body.dataset.you === update.you && document.body.dataset.reads === update.locale) return;
  document.body.dataset.you = update.you;
  document.body.dataset.reads = update.locale;
  $("self").replaceChildren(...update.people.filter((p) => p.part).map((p) => el("option", { value: p.id, selected: p.id === update.you }, `${p.name} – ${p.part}`)));
  $("language").value = update.locale;
}

$("self").addEventListener("change", (e) => {
  ears.stop();
  state.as = e.target.value;
  conversation.clear();
  closeMenu();
  current.onclose = null;
  current.close();
  connect();
});
$("language").addEventListener("change", (e) => act("language", { locale: e.target.value }));

function showVoice(update) {
  const focused = document.activeElement?.dataset?.channel;
  state.here = "";
  $("voice-channels").replaceChildren(...update.channels.filter((c) => c.voice).map((c) => {
    const members = (c.members || []).map((m) => ({ ...m, ...update.people.find((p) => p.id === m.id) })).filter((m) => m.name);
    const here = members.some((p) => p.id === state.you);
    if (here) state.here = c.id;
    const facts = [c.stage ? "stage" : null, c.limit ? `${members.length} of ${c.limit}` : null, `${c.bitrate} kbit/s`].filter(Boolean).join(" · ");
    return el("li", {},
      el("button", { type: "button", class: "channel" + (here ? " here" : ""), "data-channel": c.id, title: facts, "aria-label": `${here ? "Leave" : "Join"} ${c.stage ? "stage" : "voice channel"} ${c.name}`, onclick: () => joinVoice(here ? "" : c.id) },
        el("span", { class: "sign", "aria-hidden": "true" }, c.stage ? "◗" : "◖"), c.name, el("span", { class: "act", "aria-hidden": "true" }, here ? "Leave" : "Join")),
      c.status ? el("p", { class: "status", title: c.status }, c.status) : null,
      el("ul", { class: "members", "aria-label": `In ${c.name}` }, ...members.map((p) => voiceMember(p, c))));
  }));
  if (focused) $("voice-channels").querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
  if (!state.here) ears.stop();
  if (!state.here) $("seal").hidden = true;
}

function voiceMember(p, c) {
  const speaking = p.speaking && !p.muted && !p.audience;
  return el("li", { class: "member" + (speaking ? " speaking" : "") },
    avatar(p.name, p.bot), el("span", {}, p.name), p.bot ? el("span", { class: "tag" }, "bot") : null, speaking ? el("span", { class: "skip" }, "speaking") : null,
    p.muted ? el("small", {}, "muted") : null,
    c.stage ? el("small", {}, p.asking ? "asks to speak" : p.audience ? "listens" : "on stage") : null,
    c.stage && p.bot && state.moderates ? el("button", { type: "button", class: "invite", onclick: () => act("stage", { speak: String(p.audience) }) }, p.audience ? "Invite" : "Off stage") : null);
}

async function joinVoice(channel) {
  return !(await act("voice", { channel }));
}

// showAlbum offers the songs until there is a conversation; then they shrink away.
function showAlbum(songs, talking) {
  $("welcome").hidden = talking || !songs.length;
  if (state.welcomed) return;
  state.welcomed = songs.length > 0;
  $("album").replaceChildren(...songs.map((s) => el("button", { type: "button", class: "song", onclick: () => playSong(s) },
    s.cover ? el("img", { src: s.cover, alt: "", width: 52, height: 52 }) : el("span", { class: "blank", "aria-hidden": "true" }, "♪"),
    el("b", {}, s.title), el("small", {}, `/play · ${s.note}`))));
}

async function playSong(song) {
  if (!state.here && !(await joinVoice(firstVoice()))) return;
  ears.start().catch(showSoundError); // a click allows sound; the bot's first packet must not be missed
  await act("command", { name: "play", args: { [song.option]: song.query } });
}

const firstVoice = () => $("voice-channels").querySelector("[data-channel]")?.dataset.channel || "";

$("listen").addEventListener("click", async () => {
  if (ears.listening) return ears.stop();
  if (!state.here && !(await joinVoice(firstVoice()))) return;
  ears.start().catch(showSoundError);
});
$("loudness").addEventListener("input", (e) => { ears.volume = e.target.value / 100; });

function showSoundError(error) {
  if (!ears.listening) return; // switched off before it had begun
  ears.stop();
  composer.complain("This browser can not play the sound: " + error.message);
}

let lastMeter = 0;
function showSound({ listening, sounding, levels, buffer }) {
  $("listen").setAttribute("aria-pressed", String(listening));
  $("listen").classList.toggle("sounding", sounding);
  $("listen-label").textContent = listening ? (sounding ? "Listening" : "Listening: silence") : "Listen";
  ["meter-left", "meter-right"].forEach((id, i) => $(id).style.setProperty("--level", Math.max(0, Math.min(100, (levels[i] + 60) * 1.7)) + "%"));
  if (performance.now() - lastMeter < 500 && listening) return;
  lastMeter = performance.now();
  const loudest = Math.max(-60, ...levels);
  $("meter").setAttribute("aria-valuenow", String(Math.round(loudest)));
  $("meter").setAttribute("aria-valuetext", sounding ? `${Math.round(loudest)} decibel` : "silent");
  $("stat-buffer").textContent = listening && buffer ? `${Math.round(buffer.held)} ms` : "–";
}

function showStats(s) {
  $("stat-packets").textContent = s.packets.toLocaleString();
  $("stat-lost").textContent = s.lost;
  $("stat-gaps").textContent = s.gaps;
  $("stat-level").textContent = s.level === null ? "silent" : `${s.level.toFixed(1)} dB`;
  $("seal").hidden = !s.privacy;
  if ($("privacy").textContent !== s.privacy) $("privacy").textContent = s.privacy;
  $("stat-timing").textContent = s.packets > 1 ? `±${s.p99.toFixed(1)} ms` : "–";
}

window.busker = { ears, act }; // for the curious, and for what drives the page
connect();
