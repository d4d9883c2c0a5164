// A member of a voice channel made of @discordjs/voice and opusscript, driven by
// lines of JSON: the first says where to connect, the others what to do.
//
//   {"guild","channel","user","session_id","token","endpoint"}
//   {"do":"play","hertz":440,"seconds":1}     → {"event":"played"}
//   {"do":"listen","user":"…","packets":100}  → {"event":"listening"}, then
//                                               {"event":"heard","hertz","dbfs","packets"}
//   {"do":"leave"}                            → {"event":"left"}

import { createInterface } from "node:readline";
import { NoSubscriberBehavior, VoiceConnectionStatus, createAudioPlayer, entersState, joinVoiceChannel } from "@discordjs/voice";
import { cipherReady, listen, patience, play } from "./audio.mjs";

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

const player = createAudioPlayer({ behaviors: { noSubscriber: NoSubscriberBehavior.Play } });
player.on("error", fail);

await cipherReady();
let connection;
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (!connection) {
    connection = await connect(command);
    continue;
  }
  switch (command.do) {
    case "play":
      connection.subscribe(player);
      await play(player, command);
      emit({ event: "played" });
      break;
    case "listen":
      listen(connection, command, fail, (heard) => emit({ event: "heard", ...heard }));
      emit({ event: "listening" });
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
