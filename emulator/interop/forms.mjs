// A bot written with discord.js that has context menus, opens forms of every
// component and reads what was filled in, in whoever's language. See rest.mjs.
import { createInterface } from 'node:readline';
import { Client, Events, GatewayIntentBits, MessageFlags } from 'discord.js';

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
process.on('unhandledRejection', (error) => tell('error', { message: String(error?.stack ?? error) }));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const config = JSON.parse((await lines.next()).value);
const client = new Client({ intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates], rest: { api: `${config.url}/api` } });
client.on(Events.Error, (error) => tell('error', { message: String(error.stack) }));
client.on(Events.GuildRoleCreate, (r) => tell('role', { name: r.name }));
client.on(Events.GuildUpdate, (before, after) => tell('guild', { locale: after.preferredLocale }));
client.on(Events.ChannelUpdate, (before, after) => tell('channel', { bitrate: after.bitrate }));
client.on(Events.GuildUnavailable, (g) => tell('unavailable', { name: g.name }));
client.on(Events.GuildAvailable, (g) => tell('available', { name: g.name }));
client.on(Events.GuildDelete, (g) => tell('removed', { name: g.name }));
client.on(Events.GuildCreate, (g) => tell('invited', { name: g.name }));
client.on('raw', (p) => { if (p.t === 'VOICE_CHANNEL_STATUS_UPDATE') tell('status', p.d); });

const label = (text, component) => ({ type: 18, label: text, component });
const options = ['a', 'b'].map((value) => ({ label: value.toUpperCase(), value }));
const forms = {
  texts: [
    { type: 10, content: 'Read me' },
    label('Name', { type: 4, custom_id: 'name', style: 1 }),
    label('Files', { type: 19, custom_id: 'files', max_values: 2 }),
    label('Radio', { type: 21, custom_id: 'radio', options }),
    label('Checks', { type: 22, custom_id: 'checks', options, required: false, min_values: 0 }),
  ],
  menus: [
    label('Check', { type: 23, custom_id: 'check' }),
    label('Mode', { type: 3, custom_id: 'mode', options }),
    label('Who', { type: 7, custom_id: 'who', max_values: 2 }),
    label('Channel', { type: 8, custom_id: 'where' }),
  ],
};

client.on(Events.InteractionCreate, async (i) => {
  if (i.isMessageContextMenuCommand()) {
    tell('message', { name: i.commandName, content: i.targetMessage.content, locale: i.locale, guildLocale: i.guildLocale });
    return i.showModal({ custom_id: 'texts', title: 'Texts', components: forms.texts });
  }
  if (i.isUserContextMenuCommand()) {
    tell('user', { name: i.commandName, target: i.targetUser.username, roles: i.member.roles.cache.map((r) => r.name).sort() });
    return i.showModal({ custom_id: 'menus', title: 'Menus', components: forms.menus });
  }
  if (i.isModalSubmit() && i.customId === 'texts') {
    const f = i.fields;
    tell('texts', {
      name: f.getTextInputValue('name'), files: f.getUploadedFiles('files').map((a) => a.name),
      radio: f.getRadioGroup('radio'), checks: f.getCheckboxGroup('checks'),
    });
  }
  if (i.isModalSubmit() && i.customId === 'menus') {
    const f = i.fields;
    const who = f.getSelectedMentionables('who', true);
    tell('menus', {
      check: f.getCheckbox('check'), mode: f.getStringSelectValues('mode'), users: who.users.map((u) => u.username),
      roles: who.roles.map((r) => r.name), channel: f.getSelectedChannels('where', true).map((c) => c.name),
    });
  }
  await i.reply({ content: 'Thank you', flags: MessageFlags.Ephemeral });
});

const commands = {
  async register() {
    const set = await client.application.commands.set([
      { name: 'play', description: 'Play', nameLocalizations: { de: 'spielen' }, descriptionLocalizations: { de: 'Spielt' } },
      { type: 3, name: 'Add to queue', nameLocalizations: { de: 'Zur Warteschlange' } },
      { type: 2, name: 'Block' },
    ]);
    tell('registered', { names: set.map((c) => c.name), german: set.map((c) => c.nameLocalizations?.de ?? '') });
  },
  async status({ channel, status }) {
    await client.rest.put(`/channels/${channel}/voice-status`, { body: { status } });
  },
};

client.once(Events.ClientReady, (c) => tell('ready', { user: c.user.username, guilds: c.guilds.cache.map((g) => g.name) }));
await client.login(config.token);
for await (const line of lines) {
  const { do: name, ...rest } = JSON.parse(line);
  commands[name](rest).catch((error) => tell('error', { message: String(error.stack) }));
}
await client.destroy();
process.exit(0);
