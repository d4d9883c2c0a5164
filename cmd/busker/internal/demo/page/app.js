// The demo page: holds the state the server sends and wires the parts together.
import { Composer } from "./composer.js";
import { Ears } from "./listen.js";
import { el } from "./markdown.js";
import { Conversation, avatar } from "./messages.js";

const $ = (id) => document.getElementById(id);
const state = { names: {}, you: null, here: "", welcomed: false };

// ask posts a form to the server. It resolves to the answer, or { error }.
async function ask(path, fields, files = {}) {
  const form = new FormData();
  for (const [k, v] of Object.entries(fields)) form.append(k, typeof v === "string" ? v : JSON.stringify(v));
  for (const [k, file] of Object.entries(files)) form.append("file:" + k, file, file.name);
  try {
    const answer = await fetch(path, { method: "POST", body: form });
    return await answer.json();
  } catch {
    return { error: "The demo does not answer. Is it still running in the terminal?" };
  }
}

const conversation = new Conversation($("messages"), async (message, custom, values) => {
  const { error } = await ask("press", { message, custom, values });
  composer.complain(error || "");
});

const composer = new Composer($("composer"), {
  send: async (name, args, files) => (await ask("command", { name, args }, files)).error || "",
  say: async (text) => (await ask("say", { text })).error || "",
  complete: async (name, args, focused, value) => (await ask("complete", { name, args, focused, value })).choices || [],
});

const ears = new Ears(showSound);

function connect() {
  const socket = new WebSocket(new URL("state", location.href.replace(/^http/, "ws")));
  socket.onmessage = (e) => {
    const update = JSON.parse(e.data);
    if (update.stats) showStats(update.stats);
    if (update.order) showState(update);
  };
  socket.onopen = () => { $("connection").textContent = "connected"; $("connection").classList.add("up"); };
  socket.onclose = () => {
    $("connection").textContent = "connection lost, trying again";
    $("connection").classList.remove("up");
    setTimeout(connect, 1000);
  };
}

function showState(update) {
  state.you = update.you;
  state.names = Object.fromEntries([...update.people, ...update.channels].map((x) => [x.id, x.name]));
  $("server").textContent = update.server;
  const text = update.channels.find((c) => !c.voice);
  $("text-channel").textContent = $("channel-title").textContent = text.name;
  showVoice(update);
  const commands = update.commands || [];
  composer.commands = commands;
  document.body.dataset.commands = commands.length;
  const scroll = $("scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  conversation.update(update.order, update.changed || [], state.names);
  showAlbum(update.album || [], update.order.length > 0);
  if (atEnd && update.order.length) scroll.scrollTop = scroll.scrollHeight;
}

function showVoice(update) {
  const focused = document.activeElement?.dataset?.channel;
  state.here = "";
  $("voice-channels").replaceChildren(...update.channels.filter((c) => c.voice).map((c) => {
    const members = (c.members || []).map((id) => update.people.find((p) => p.id === id)).filter(Boolean);
    const here = members.some((p) => p.id === state.you);
    if (here) state.here = c.id;
    return el("li", {},
      el("button", { type: "button", class: "channel" + (here ? " here" : ""), "data-channel": c.id, "aria-label": `${here ? "Leave" : "Join"} voice channel ${c.name}`, onclick: () => joinVoice(here ? "" : c.id) },
        el("span", { class: "sign", "aria-hidden": "true" }, "◖"), c.name, el("span", { class: "act", "aria-hidden": "true" }, here ? "Leave" : "Join")),
      el("ul", { class: "members", "aria-label": `In ${c.name}` }, ...members.map((p) => el("li", { class: "member" + (p.speaking ? " speaking" : "") },
        avatar(p.name, p.bot), p.name, p.bot ? el("span", { class: "tag" }, "bot") : null, p.speaking ? el("span", { class: "skip" }, "speaking") : null))));
  }));
  if (focused) $("voice-channels").querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
  if (!state.here) ears.stop();
  if (!state.here) $("seal").hidden = true;
}

async function joinVoice(channel) {
  const { error } = await ask("voice", { channel });
  composer.complain(error || "");
  return !error;
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
  const { error } = await ask("command", { name: "play", args: { [song.option]: song.query } });
  composer.complain(error || "");
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

window.busker = { ears }; // for the curious, and for the browser test
connect();
