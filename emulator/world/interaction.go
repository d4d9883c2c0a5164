package world

import (
	"slices"
	"time"

	"busker/emulator/discord"
)

type interaction struct {
	discord.Interaction
	Outcome
	user    ID
	app     *app
	channel *channel
	on      ID // the message of a component; 0 for a command
}

// Outcome is what came of an interaction so far.
type Outcome struct {
	Made      time.Time
	Ack       discord.CallbackType // 0: not acknowledged yet
	Original  ID                   // the original response; for a button's update the button's message
	Followups []ID
	Modal     *discord.Modal
	Choices   []discord.Choice
}

// Act is something a person does that an application must answer.
type Act struct {
	User, Channel, Application ID
	Type                       discord.InteractionType
	Data                       any // see discord.Interaction
	On                         ID  // the message whose component it is
}

// Do makes the interaction and tells the application.
func (w *World) Do(a Act) (discord.Interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, p, err := w.channelFor(a.User, a.Channel)
	if err != nil {
		return discord.Interaction{}, err
	}
	application := w.apps[a.Application]
	if application == nil || c.guild.members[a.Application] == nil {
		return discord.Interaction{}, discord.ErrUnknownApplication
	}
	w.forget(time.Now())
	member := c.guild.member(a.User)
	member.Permissions = &p
	i := &interaction{user: a.User, app: application, channel: c, on: a.On, Outcome: Outcome{Made: time.Now()}}
	ch := c.Channel
	i.Interaction = discord.Interaction{
		ID: w.newID(), ApplicationID: application.Application.ID, Type: a.Type, Data: a.Data,
		GuildID: c.GuildID, Guild: &discord.PartialGuild{ID: c.GuildID, Locale: c.guild.PreferredLocale, Features: []string{}},
		Channel: &ch, ChannelID: c.ID, Member: member, Token: "aW50ZXJhY3Rpb246" + secret() + secret(), Version: 1,
		AppPermissions: discord.ChannelPermissions(c.guild.Guild, c.Channel, *c.guild.members[a.Application]),
		Locale:         w.locale(a.User), GuildLocale: c.guild.PreferredLocale, Entitlements: []any{},
		AuthorizingIntegrationOwners: map[string]ID{"0": c.GuildID}, AttachmentSizeLimit: w.opts.MaxFile,
	}
	if a.On != 0 {
		m := c.find(a.On)
		if m == nil {
			return discord.Interaction{}, discord.ErrUnknownMessage
		}
		shown := *m
		shown.Member = nil
		shown.GuildID = 0
		i.Message = &shown
	}
	w.answers.Made++
	w.interactions[i.ID] = i
	w.webhooks[i.Token] = i
	w.emit(InteractionMade{Interaction: i.Interaction, User: a.User})
	return i.Interaction, nil
}

// forget drops interactions nobody can answer any more, now and then.
func (w *World) forget(now time.Time) {
	if now.Sub(w.forgot) < w.opts.TokenLife/10 {
		return
	}
	w.forgot = now
	for id, i := range w.interactions {
		if now.Sub(i.Made) > 2*w.opts.TokenLife {
			delete(w.interactions, id)
			delete(w.webhooks, i.Token)
		}
	}
}

// Outcome is the state of an interaction and the time until which it may still
// be acknowledged.
func (w *World) Outcome(id ID) (o Outcome, until time.Time, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.interactions[id]
	if i == nil {
		return o, until, false
	}
	o = i.Outcome
	o.Followups = slices.Clone(o.Followups)
	return o, o.Made.Add(w.opts.AckWithin), true
}

// Interaction returns what the application was told.
func (w *World) Interaction(id ID) (discord.Interaction, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.interactions[id]
	if i == nil {
		return discord.Interaction{}, false
	}
	return i.Interaction, true
}

// Answers counts the first answers of applications.
type Answers struct {
	Made    int // interactions
	Taken   int
	Twice   int // refused with 40060: somebody had answered
	Late    int // refused with 10062: nobody had answered in time
	Unknown int // refused with 10062: there is no such interaction
}

// Answers returns the counts since the world was made.
func (w *World) Answers() Answers {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.answers
}

// Respond acknowledges an interaction, once and in time. The message is the one
// the answer made or changed, if any.
func (w *World) Respond(id ID, token string, kind discord.CallbackType, d discord.CallbackData) (*discord.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.interactions[id]
	if i == nil || i.Token != token {
		w.answers.Unknown++
		return nil, discord.ErrUnknownInteraction
	}
	if i.Ack != 0 {
		w.answers.Twice++
		return nil, discord.ErrAlreadyAcknowledged
	}
	if time.Since(i.Made) > w.opts.AckWithin {
		w.answers.Late++
		return nil, discord.ErrUnknownInteraction
	}
	if err := discord.CheckCallbackTo(i.Type, kind); err != nil {
		return nil, err
	}
	if err := discord.CheckCallback(kind, d, i.on != 0); err != nil {
		return nil, err
	}
	m, err := w.answer(i, kind, d)
	if err != nil {
		return nil, err
	}
	i.Ack = kind
	w.answers.Taken++
	if m != nil {
		i.Original = m.ID
	}
	w.emit(InteractionAcknowledged{Interaction: id, User: i.user, Type: kind})
	return m, nil
}

func (w *World) answer(i *interaction, kind discord.CallbackType, d discord.CallbackData) (*discord.Message, error) {
	switch kind {
	case discord.CallbackMessage:
		m, err := w.post(i.channel, w.reply(i, d.Flags), d.MessageBody)
		return &m, err
	case discord.CallbackDeferMessage:
		m, err := w.post(i.channel, w.reply(i, d.Flags&discord.FlagEphemeral|discord.FlagLoading), discord.MessageBody{})
		return &m, err
	case discord.CallbackDeferUpdate:
		i.Original = i.on
	case discord.CallbackUpdateMessage:
		m := i.channel.find(i.on)
		if m == nil {
			return nil, discord.ErrUnknownMessage
		}
		out, err := w.edit(i.channel, m, d.MessageBody)
		return &out, discord.InData(err)
	case discord.CallbackAutocomplete:
		i.Choices = append([]discord.Choice{}, d.Choices...)
	case discord.CallbackModal:
		i.Modal = &discord.Modal{CustomID: d.CustomID, Title: d.Title, Components: discord.Number(d.Components.Value)}
	}
	return nil, nil
}

// reply is the beginning of a message that answers the interaction.
func (w *World) reply(i *interaction, flags int) *discord.Message {
	m := &discord.Message{
		Author: i.app.User, ApplicationID: i.app.Application.ID, WebhookID: i.app.Application.ID,
		Flags: flags & (discord.FlagEphemeral | discord.FlagLoading | discord.FlagSuppressEmbeds | discord.FlagSilent | discord.FlagComponentsV2),
		InteractionMetadata: &discord.InteractionMetadata{
			ID: i.ID, Type: int(i.Type), User: w.users[i.user], AuthorizingIntegrationOwners: i.AuthorizingIntegrationOwners,
		},
	}
	if data, ok := i.Data.(discord.CommandData); ok {
		m.Type = discord.CommandResponse
		m.InteractionMetadata.Name = data.Name
		if data.Type != discord.ChatCommand {
			m.Type = discord.ContextMenuCommandReply
		}
	}
	if m.Ephemeral() {
		m.VisibleTo = i.user
	}
	return m
}
