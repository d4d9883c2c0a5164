// A member of a voice channel made of @discordjs/voice and opusscript, driven by
// lines of JSON: the first says where to connect, the others what to do.
//
//   {"guild","channel","user","session_id","token","endpoint"}
//   {"do":"play","hertz":440,"seconds":1}     → {"event":"played"}
//   {"do":"listen","user":"…","packets":100}  → {"event":"listening"}, then
//                                               {"event":"heard","hertz","dbfs","packets"}
//   {"do":"leave"}                            → {"event":"left"}

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import {
  AudioPlayerStatus,
  EndBehaviorType,
  NoSubscriberBehavior,
  StreamType,
  VoiceConnectionStatus,
  createAudioPlayer,
  createAudioResource,
  entersState,
  joinVoiceChannel,
} from "@discordjs/voice";
import OpusScript from "opusscript";

const rate = 48000;
const frame = 960; // samples per channel in 20 ms
const patience = 20_000;

const emit = (event) => console.log(JSON.stringify(event));
const fail = (error) => emit({ event: "error", message: String(error?.stack ?? error) });

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

/** Joins the channel; the main gateway's two events come from the configuration. */
async function connect(config) {
  const connection = joinVoiceChannel({
    guildId: config.guild,
    channelId: config.channel,
    selfDeaf: false,
    selfMute: false,
    debug: true,
    adapterCreator: (methods) => ({
      sendPayload(payload) {
        if (payload.d.channel_id === null) return true;
        methods.onVoiceStateUpdate({
          guild_id: config.guild,
          channel_id: config.channel,
          user_id: config.user,
          session_id: config.session_id,
        });
        methods.onVoiceServerUpdate({
          guild_id: config.guild,
          token: config.token,
          endpoint: config.endpoint,
        });
        return true;
      },
      destroy() {},
    }),
  });
  connection.on("error", fail);
  connection.on("debug", (text) => text.includes("[WS]") && console.error(text));
  connection.on("stateChange", (before, after) =>
    emit({ event: "state", before: before.status, after: after.status }));
  await entersState(connection, VoiceConnectionStatus.Ready, patience);
  emit({ event: "ready" });
  return connection;
}

/** Opus packets of a tone at half of full scale, a quarter of that on the right. */
function* tone(hertz, seconds) {
  const encoder = new OpusScript(rate, 2, OpusScript.Application.AUDIO);
  encoder.encoderCTL(4002, 96000); // OPUS_SET_BITRATE
  const pcm = Buffer.alloc(frame * 4);
  for (let n = 0; n < seconds * rate; n += frame) {
    for (let i = 0; i < frame; i++) {
      const value = Math.sin((2 * Math.PI * hertz * (n + i)) / rate) * 32767;
      pcm.writeInt16LE(Math.round(value * 0.5), i * 4);
      pcm.writeInt16LE(Math.round(value * 0.125), i * 4 + 2);
    }
    yield Buffer.from(encoder.encode(pcm, frame));
  }
  encoder.delete();
}

async function play(connection, { hertz, seconds }) {
  const player = createAudioPlayer({ behaviors: { noSubscriber: NoSubscriberBehavior.Play } });
  player.on("error", fail);
  const packets = [...tone(hertz, seconds)]; // encoded before, so that nothing disturbs the pace
  connection.subscribe(player);
  player.play(createAudioResource(Readable.from(packets), { inputType: StreamType.Opus }));
  await entersState(player, AudioPlayerStatus.Playing, patience);
  await entersState(player, AudioPlayerStatus.Idle, patience + seconds * 1000);
  emit({ event: "played" });
}

/** Decodes that many packets of a user and reports frequency and level of the left channel. */
function listen(connection, { user, packets }) {
  const stream = connection.receiver.subscribe(user, { end: { behavior: EndBehaviorType.Manual } });
  stream.on("error", fail);
  const decoder = new OpusScript(rate, 2, OpusScript.Application.AUDIO);
  const left = [];
  let count = 0;
  stream.on("data", (packet) => {
    const pcm = decoder.decode(packet);
    for (let i = 0; i < pcm.length; i += 4) left.push(pcm.readInt16LE(i) / 32768);
    if (++count === packets) {
      stream.destroy();
      decoder.delete();
      emit({ event: "heard", packets: count, ...measure(left) });
    }
  });
  emit({ event: "listening" });
}

/** Frequency from the rising zero crossings, level from the power, without the first 100 ms. */
function measure(samples) {
  const part = samples.slice(rate / 10);
  let power = 0;
  let first = -1;
  let last = -1;
  let crossings = 0;
  for (let i = 1; i < part.length; i++) {
    power += part[i] ** 2;
    if (part[i - 1] < 0 && part[i] >= 0) {
      const at = i - part[i] / (part[i] - part[i - 1]);
      if (first < 0) first = at;
      else crossings++;
      last = at;
    }
  }
  return { hertz: (crossings * rate) / (last - first), dbfs: 10 * Math.log10(power / part.length) };
}

// @discordjs/voice looks for a package with XChaCha20 in the background, in this
// order, and throws if it has to use one before. Who does the same after it,
// finishes after it.
for (const name of ["sodium-native", "sodium", "libsodium-wrappers", "@stablelib/xchacha20poly1305"]) {
  await import(name).catch(() => {});
}
await import("@noble/ciphers/chacha.js");

let connection;
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (!connection) {
    connection = await connect(command);
    continue;
  }
  switch (command.do) {
    case "play":
      await play(connection, command);
      break;
    case "listen":
      listen(connection, command);
      break;
    case "leave":
      connection.destroy();
      emit({ event: "left" });
      break;
    default:
      fail(new Error(`unknown command ${line}`));
  }
}
process.exit(0);
