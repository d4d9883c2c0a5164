package world

import (
	"slices"
	"time"

	"busker/emulator/discord"
)

// The interaction's token is a webhook by which the application sends and edits
// messages for 15 minutes.

// webhook returns the interaction of a token that works for the application.
func (w *World) webhook(application ID, token string) (*interaction, error) {
	i := w.webhooks[token]
	switch {
	case i == nil || i.app.Application.ID != application:
		return nil, discord.ErrUnknownWebhook
	case time.Since(i.Made) > w.opts.TokenLife:
		return nil, discord.ErrInvalidWebhookToken
	case i.Ack == 0:
		return nil, discord.ErrUnknownWebhook
	}
	return i, nil
}

// message returns the stored message a webhook may touch: the original response
// (id 0) or a follow-up.
func (i *interaction) message(id ID) (*discord.Message, error) {
	if id == 0 {
		id = i.Original
	}
	if id != i.Original && !slices.Contains(i.Followups, id) {
		return nil, discord.ErrUnknownMessage
	}
	m := i.channel.find(id)
	if id == 0 || m == nil {
		return nil, discord.ErrUnknownMessage
	}
	return m, nil
}

// Reply returns the original response (id 0) or a follow-up.
func (w *World) Reply(application ID, token string, id ID) (discord.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, err := w.webhook(application, token)
	if err != nil {
		return discord.Message{}, err
	}
	m, err := i.message(id)
	if err != nil {
		return discord.Message{}, err
	}
	return *m, nil
}

// EditReply edits the original response (id 0), which ends its "thinking", or a
// follow-up.
func (w *World) EditReply(application ID, token string, id ID, b discord.MessageBody) (discord.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, err := w.webhook(application, token)
	if err != nil {
		return discord.Message{}, err
	}
	m, err := i.message(id)
	if err != nil {
		return discord.Message{}, err
	}
	return w.edit(i.channel, m, b)
}

// DeleteReply deletes the original response (id 0) or a follow-up.
func (w *World) DeleteReply(application ID, token string, id ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, err := w.webhook(application, token)
	if err != nil {
		return err
	}
	m, err := i.message(id)
	if err != nil {
		return err
	}
	w.remove(i.channel, m.ID)
	return nil
}

// FollowUp sends another message. The first one after a deferred reply is that
// reply, as Discord keeps it for old clients.
func (w *World) FollowUp(application ID, token string, b discord.MessageBody) (discord.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, err := w.webhook(application, token)
	if err != nil {
		return discord.Message{}, err
	}
	if m, err := i.message(0); err == nil && m.Loading() {
		return w.edit(i.channel, m, b)
	}
	if err := discord.CheckMessage(b); err != nil {
		return discord.Message{}, err
	}
	reply := w.reply(i, b.Flags)
	reply.Type = discord.DefaultMessage
	if i.Original != 0 {
		reply.Type = discord.ReplyMessage
		reply.MessageReference = &discord.MessageReference{MessageID: i.Original, ChannelID: i.channel.ID, GuildID: i.channel.GuildID}
	}
	m, err := w.post(i.channel, reply, b)
	if err == nil {
		i.Followups = append(i.Followups, m.ID)
	}
	return m, err
}

// Find returns any message, an ephemeral one too: the hand of the test.
func (w *World) Find(channelID, id ID) (discord.Message, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[channelID]
	if c == nil {
		return discord.Message{}, false
	}
	m := c.find(id)
	if m == nil {
		return discord.Message{}, false
	}
	return *m, true
}
