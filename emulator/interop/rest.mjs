// A bot written with discord.js, pointed at the emulator. The test drives it: the
// first line of standard input is its configuration, the others are commands;
// what happens goes to standard output as lines of JSON.
import { createInterface } from 'node:readline';
import {
  ActionRowBuilder, ApplicationCommandOptionType, AttachmentBuilder, ButtonBuilder, ButtonStyle, Client,
  ContainerBuilder, DiscordAPIError, Events, GatewayIntentBits, MessageFlags, ModalBuilder, RESTEvents,
  TextDisplayBuilder, TextInputBuilder, TextInputStyle,
} from 'discord.js';

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
process.on('unhandledRejection', (error) => tell('error', { message: String(error?.stack ?? error) }));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const config = JSON.parse((await lines.next()).value);

const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates, GatewayIntentBits.GuildMessages],
  rest: { api: `${config.url}/api` },
});
client.on(Events.Error, (error) => tell('error', { message: String(error.stack) }));
client.on(Events.ShardResume, (id, replayed) => tell('resumed', { shard: id, replayed }));
client.on(Events.ShardReconnecting, (id) => tell('reconnecting', { shard: id }));
client.on(Events.MessageCreate, (m) => tell('message', { id: m.id, author: m.author.username }));
client.on(Events.VoiceStateUpdate, (before, after) => tell('voice', { user: after.id, from: before.channelId, to: after.channelId }));
client.rest.on(RESTEvents.RateLimited, (info) => tell('limited', { method: info.method, route: info.route, wait: info.timeToReset }));
client.rest.on(RESTEvents.Response, (request, response) => {
  if (response.status === 429) tell('429', { path: request.path, retryAfter: response.headers.get('retry-after') });
});

const row = () => new ActionRowBuilder().addComponents(
  new ButtonBuilder().setCustomId('pause').setLabel('Pause').setStyle(ButtonStyle.Primary),
  new ButtonBuilder().setCustomId('ask').setLabel('Ask').setStyle(ButtonStyle.Secondary),
);
const card = (text) => new ContainerBuilder()
  .setAccentColor(0x5865f2)
  .addTextDisplayComponents(new TextDisplayBuilder().setContent(text))
  .addActionRowComponents(row());

async function command(i) {
  switch (i.commandName) {
    case 'play': {
      const file = i.options.getAttachment('file');
      await i.deferReply();
      const bytes = file ? (await (await fetch(file.url)).arrayBuffer()).byteLength : 0;
      await i.editReply({ content: `playing ${i.options.getString('query', true)}`, components: [row()] });
      await i.followUp({ content: `volume ${i.options.getInteger('volume')}, ${bytes} bytes`, flags: MessageFlags.Ephemeral });
      tell('command', { name: 'play', member: i.member.displayName, guild: i.guild.name, channel: i.channel.name });
      return;
    }
    case 'card': {
      const reply = await i.reply({
        flags: MessageFlags.IsComponentsV2, components: [card('first')], withResponse: true,
        files: [new AttachmentBuilder(Buffer.from('cover'), { name: 'cover.txt' })],
      });
      await i.editReply({ components: [card('second')], flags: MessageFlags.IsComponentsV2 });
      tell('command', { name: 'card', message: reply.resource.message.id });
    }
  }
}

client.on(Events.InteractionCreate, async (i) => {
  if (i.isChatInputCommand()) return command(i);
  if (i.isAutocomplete()) {
    const typed = i.options.getFocused();
    return i.respond(['one', 'two', 'three'].filter((s) => s.startsWith(typed)).map((s) => ({ name: s, value: s })));
  }
  if (i.isButton() && i.customId === 'ask') {
    return i.showModal(new ModalBuilder().setCustomId('form').setTitle('Ask').addComponents(
      new ActionRowBuilder().addComponents(
        new TextInputBuilder().setCustomId('what').setLabel('What?').setStyle(TextInputStyle.Short).setMaxLength(20),
      ),
    ));
  }
  if (i.isButton()) return i.update({ content: `${i.customId}d by ${i.user.username}`, components: [row()] });
  if (i.isModalSubmit()) return i.reply({ content: `asked for ${i.fields.getTextInputValue('what')}` });
});

const refusal = async (promise) => {
  try {
    await promise;
    return { code: 0, message: 'it was taken' };
  } catch (error) {
    if (!(error instanceof DiscordAPIError)) throw error;
    return { code: error.code, status: error.status, message: error.message };
  }
};

const commands = {
  async register() {
    const set = await client.application.commands.set([
      {
        name: 'play', description: 'Play a song', options: [
          { type: ApplicationCommandOptionType.String, name: 'query', description: 'What', required: true, autocomplete: true },
          { type: ApplicationCommandOptionType.Integer, name: 'volume', description: 'How loud', minValue: 0, maxValue: 200 },
          { type: ApplicationCommandOptionType.Attachment, name: 'file', description: 'A file' },
        ],
      },
      { name: 'card', description: 'Show a card' },
    ]);
    const bad = await refusal(client.application.commands.set([{ name: 'Not Valid', description: '' }]));
    tell('registered', { names: set.map((c) => c.name), bad });
  },
  async look({ guild, channel, message }) {
    const g = await client.guilds.fetch({ guild, force: true });
    const c = await client.channels.fetch(channel, { force: true });
    const m = await c.messages.fetch(message);
    const member = await g.members.fetchMe({ force: true });
    const app = await client.application.fetch();
    tell('looked', {
      guild: g.name, channel: c.name, content: m.content, me: member.displayName, application: app.name,
      permissions: member.permissionsIn(c).has('SendMessages'), missing: await refusal(client.channels.fetch('123', { force: true })),
    });
  },
  async flood({ channel, count }) {
    const start = Date.now();
    const c = await client.channels.fetch(channel);
    await Promise.all(Array.from({ length: count }, (_, n) => c.send(`line ${n}`)));
    tell('flooded', { took: Date.now() - start });
  },
};

client.once(Events.ClientReady, (c) => tell('ready', {
  user: c.user.username, guilds: c.guilds.cache.map((g) => g.name),
  voice: c.guilds.cache.flatMap((g) => g.voiceStates.cache).map((v) => v.channelId),
}));
await client.login(config.token);
for await (const line of lines) {
  const { do: name, ...rest } = JSON.parse(line);
  commands[name](rest).catch((error) => tell('error', { message: String(error.stack) }));
}
await client.destroy();
process.exit(0);
