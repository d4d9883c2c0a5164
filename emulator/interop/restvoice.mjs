// A bot made of discord.js and @discordjs/voice together: it joins voice through
// its guild's adapter, so through the emulator's main gateway, plays a tone there
// and measures what somebody else plays.
import { createInterface } from 'node:readline';
import { NoSubscriberBehavior, VoiceConnectionStatus, createAudioPlayer, entersState, joinVoiceChannel } from '@discordjs/voice';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import { cipherReady, listen, patience, play, record } from './audio.mjs';

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const fail = (error) => tell('error', { message: String(error?.stack ?? error) });
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const config = JSON.parse((await lines.next()).value);
const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates],
  rest: { api: `${config.url}/api` },
});
client.on(Events.Error, fail);

let connection;
let recorder;
const player = createAudioPlayer({ behaviors: { noSubscriber: NoSubscriberBehavior.Play } });
player.on('error', fail);

const commands = {
  async join({ guild, channel, deaf = true }) {
    connection = joinVoiceChannel({
      guildId: guild, channelId: channel, selfDeaf: deaf, debug: true,
      adapterCreator: client.guilds.cache.get(guild).voiceAdapterCreator,
    });
    connection.on('error', fail);
    connection.on('debug', (text) => {
      if (text.includes('[DAVE]')) console.error(performance.now() | 0, text);
      // It refuses what is still in the clear from the commit of an upgrade on, and
      // what was under way at its op 22, which comes by another path.
      if (text.includes('Failed to decrypt a packet')) recorder?.refused(text.includes('pending'));
    });
    connection.on('stateChange', (before, after) => {
      if (before.status !== after.status) tell('state', { state: after.status, channel: connection.joinConfig.channelId });
    });
    connection.receiver.ssrcMap.on('create', ({ userId }) => tell('speaker', { user: userId }));
    await entersState(connection, VoiceConnectionStatus.Ready, patience);
    tell('joined');
  },
  async play(what) {
    connection.subscribe(player);
    await play(player, what);
    tell('played');
  },
  async listen(what) {
    listen(connection, what, fail, (heard) => tell('heard', heard));
    tell('listening');
  },
  async record(what) {
    recorder = record(connection, what, fail);
    tell('recording');
  },
  async stop({ packets = 0 }) {
    await recorder.reached(packets);
    tell('recorded', recorder.stop());
  },
  async codes({ user }) {
    tell('codes', { privacy: connection.voicePrivacyCode, pairwise: await connection.getVerificationCode(user) });
  },
  async leave() {
    connection.destroy();
    tell('left');
  },
};

await cipherReady();
client.once(Events.ClientReady, (c) => tell('ready', { user: c.user.username, guilds: c.guilds.cache.map((g) => g.name) }));
await client.login(config.token);
for await (const line of lines) {
  const { do: name, ...rest } = JSON.parse(line);
  commands[name](rest).catch(fail);
}
await client.destroy();
process.exit(0);
