// A bot made of discord.js and @discordjs/voice together: it joins voice through
// its guild's adapter, so through the emulator's main gateway, and plays a tone.
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import {
  AudioPlayerStatus, NoSubscriberBehavior, StreamType, VoiceConnectionStatus, createAudioPlayer, createAudioResource,
  entersState, joinVoiceChannel,
} from '@discordjs/voice';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import OpusScript from 'opusscript';

const rate = 48000;
const frame = 960; // samples per channel in 20 ms
const patience = 20_000;

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const fail = (error) => tell('error', { message: String(error?.stack ?? error) });
process.on('unhandledRejection', fail);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const config = JSON.parse((await lines.next()).value);
const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates],
  rest: { api: `${config.url}/api` },
});
client.on(Events.Error, fail);

let connection;
const player = createAudioPlayer({ behaviors: { noSubscriber: NoSubscriberBehavior.Play } });
player.on('error', fail);

function* sine(hertz, seconds) {
  const encoder = new OpusScript(rate, 2, OpusScript.Application.AUDIO);
  const pcm = Buffer.alloc(frame * 4);
  for (let n = 0; n < seconds * rate; n += frame) {
    for (let i = 0; i < frame; i++) {
      const value = Math.round(Math.sin((2 * Math.PI * hertz * (n + i)) / rate) * 16000);
      pcm.writeInt16LE(value, i * 4);
      pcm.writeInt16LE(value, i * 4 + 2);
    }
    yield Buffer.from(encoder.encode(pcm, frame));
  }
  encoder.delete();
}

const commands = {
  async join({ guild, channel }) {
    connection = joinVoiceChannel({
      guildId: guild, channelId: channel, selfDeaf: true,
      adapterCreator: client.guilds.cache.get(guild).voiceAdapterCreator,
    });
    connection.on('error', fail);
    connection.on('stateChange', (before, after) => {
      if (before.status !== after.status) tell('state', { state: after.status, channel: connection.joinConfig.channelId });
    });
    await entersState(connection, VoiceConnectionStatus.Ready, patience);
    tell('joined');
  },
  async play({ hertz, seconds }) {
    const packets = [...sine(hertz, seconds)]; // encoded before, so that nothing disturbs the pace
    connection.subscribe(player);
    player.play(createAudioResource(Readable.from(packets), { inputType: StreamType.Opus }));
    await entersState(player, AudioPlayerStatus.Playing, patience);
    tell('playing');
    await entersState(player, AudioPlayerStatus.Idle, patience + seconds * 1000);
    tell('played');
  },
  async leave() {
    connection.destroy();
    tell('left');
  },
};

client.once(Events.ClientReady, (c) => tell('ready', { user: c.user.username, guilds: c.guilds.cache.map((g) => g.name) }));
await client.login(config.token);
for await (const line of lines) {
  const { do: name, ...rest } = JSON.parse(line);
  commands[name](rest).catch(fail);
}
await client.destroy();
process.exit(0);
