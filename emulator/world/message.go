package world

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"busker/emulator/discord"
	"busker/internal/snowflake"
)

// CreateMessage posts a message as the actor.
func (w *World) CreateMessage(actor, channelID ID, b discord.MessageBody) (discord.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, p, err := w.channelFor(actor, channelID)
	if err != nil {
		return discord.Message{}, err
	}
	if !p.Has(discord.SendMessages) || len(b.Files) > 0 && !p.Has(discord.AttachFiles) {
		return discord.Message{}, discord.ErrMissingPermissions
	}
	if err := discord.CheckMessage(b); err != nil {
		return discord.Message{}, err
	}
	m := &discord.Message{
		Author: w.users[actor], TTS: b.TTS, Nonce: b.Nonce,
		Flags: b.Flags & (discord.FlagSuppressEmbeds | discord.FlagSilent | discord.FlagComponentsV2),
	}
	if ref := b.MessageReference; ref != nil {
		if c.find(ref.MessageID) == nil && (ref.FailIfNotExists == nil || *ref.FailIfNotExists) {
			var f discord.Form
			f.Add("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
			return discord.Message{}, f.Err()
		}
		m.Type = discord.ReplyMessage
		m.MessageReference = &discord.MessageReference{MessageID: ref.MessageID, ChannelID: channelID, GuildID: c.GuildID}
	}
	return w.post(c, m, b)
}

// post fills in the body and puts the message at the end of the channel.
func (w *World) post(c *channel, m *discord.Message, b discord.MessageBody) (discord.Message, error) {
	m.ID, m.ChannelID, m.GuildID = w.newID(), c.ID, c.GuildID
	m.Timestamp = time.Now().UTC()
	if member := c.guild.member(m.Author.ID); member != nil {
		member.User = nil
		m.Member = member
	}
	if err := w.fill(c, m, b); err != nil {
		return discord.Message{}, err
	}
	c.messages = append(c.messages, m)
	if m.VisibleTo == 0 {
		id := m.ID // a copy: channels are handed out, and m is overwritten by edits
		c.LastMessageID = &id
	}
	w.emit(MessageCreated{Message: *m})
	return *m, nil
}

// fill writes the body's present fields over the message's.
func (w *World) fill(c *channel, m *discord.Message, b discord.MessageBody) error {
	kept := m.Attachments
	if b.Attachments.Set {
		kept = slices.DeleteFunc(slices.Clone(kept), func(a discord.Attachment) bool {
			return !slices.ContainsFunc(b.Attachments.Value, func(r discord.AttachmentRef) bool { return r.ID == a.ID })
		})
	}
	added, err := w.storeFiles(c.ID, m.Ephemeral(), b)
	if err != nil {
		return err
	}
	m.Attachments = append(slices.Clip(append([]discord.Attachment{}, kept...)), added...)
	if b.Content.Set {
		m.Content = b.Content.Value
		m.Mentions = w.mentions(m.Content)
	}
	if b.Embeds.Set {
		m.Embeds = b.Embeds.Value
	}
	if b.Components.Set {
		m.Components = discord.Number(b.Components.Value)
	}
	m.Embeds, m.Components = settleEmbeds(m.Embeds, m.Attachments), settleComponents(m.Components, m.Attachments)
	if m.Mentions == nil {
		m.Mentions = []discord.User{}
	}
	m.MentionRoles = []ID{}
	return nil
}

var mention = regexp.MustCompile(`<@!?(\d+)>`)

func (w *World) mentions(content string) []discord.User {
	list := []discord.User{}
	for _, found := range mention.FindAllStringSubmatch(content, -1) {
		id, err := snowflake.Parse(found[1])
		if u, ok := w.users[id]; err == nil && ok && !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	return list
}

// find returns the message or nil; messages are in the order of their ids.
func (c *channel) find(id ID) *discord.Message {
	i, ok := c.index(id)
	if !ok {
		return nil
	}
	return c.messages[i]
}

func (c *channel) index(id ID) (int, bool) {
	return slices.BinarySearchFunc(c.messages, id, func(m *discord.Message, id ID) int { return cmp.Compare(m.ID, id) })
}

// EditMessage edits one of the actor's own messages.
func (w *World) EditMessage(actor, channelID, id ID, b discord.MessageBody) (discord.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, _, err := w.channelFor(actor, channelID)
	if err != nil {
		return discord.Message{}, err
	}
	m := c.find(id)
	if m == nil || m.VisibleTo != 0 { // ephemeral messages are edited through their interaction only
		return discord.Message{}, discord.ErrUnknownMessage
	}
	if m.Author.ID != actor {
		return discord.Message{}, discord.ErrNotYourMessage
	}
	return w.edit(c, m, b)
}

// edit replaces the stored message: what was handed out before stays as it was.
func (w *World) edit(c *channel, m *discord.Message, b discord.MessageBody) (discord.Message, error) {
	if err := discord.CheckEdit(*m, b); err != nil {
		return discord.Message{}, err
	}
	next := *m
	if err := w.fill(c, &next, b); err != nil {
		return discord.Message{}, err
	}
	now := time.Now().UTC()
	next.EditedTimestamp = &now
	next.Flags = next.Flags&^discord.FlagLoading | b.Flags&(discord.FlagSuppressEmbeds|discord.FlagComponentsV2)
	if next.Content == "" && len(next.Embeds) == 0 && len(next.Components) == 0 && len(next.Attachments) == 0 {
		return discord.Message{}, discord.ErrEmptyMessage
	}
	w.dropFiles(m.Attachments, next.Attachments)
	*m = next
	w.emit(MessageEdited{Message: next})
	return next, nil
}

// DeleteMessage deletes the actor's own message, or anybody's with ManageMessages.
func (w *World) DeleteMessage(actor, channelID, id ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, p, err := w.channelFor(actor, channelID)
	if err != nil {
		return err
	}
	m := c.find(id)
	if m == nil || m.VisibleTo != 0 {
		return discord.ErrUnknownMessage
	}
	if m.Author.ID != actor && !p.Has(discord.ManageMessages) {
		return discord.ErrMissingPermissions
	}
	w.remove(c, id)
	return nil
}

func (w *World) remove(c *channel, id ID) {
	i, ok := c.index(id)
	if !ok {
		return
	}
	m := *c.messages[i]
	c.messages = slices.Delete(c.messages, i, i+1)
	w.dropFiles(m.Attachments, nil)
	w.emit(MessageDeleted{Message: m})
}

// Message returns one public message to an actor who may read the channel.
func (w *World) Message(actor, channelID, id ID) (discord.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, p, err := w.channelFor(actor, channelID)
	if err != nil {
		return discord.Message{}, err
	}
	if !p.Has(discord.ReadMessageHistory) {
		return discord.Message{}, discord.ErrMissingPermissions
	}
	m := c.find(id)
	if m == nil || m.VisibleTo != 0 {
		return discord.Message{}, discord.ErrUnknownMessage
	}
	return *m, nil
}

// History are the public messages with after < id < before (0: no bound), newest
// first, at most limit.
func (w *World) History(actor, channelID, after, before ID, limit int) ([]discord.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, p, err := w.channelFor(actor, channelID)
	if err != nil {
		return nil, err
	}
	list := []discord.Message{}
	if !p.Has(discord.ReadMessageHistory) {
		return list, nil
	}
	for _, m := range slices.Backward(c.messages) {
		if m.VisibleTo != 0 || m.ID <= after || before != 0 && m.ID >= before {
			continue
		}
		if list = append(list, *m); len(list) == limit {
			break
		}
	}
	return list, nil
}

// Seen are the messages of a channel that viewer sees, oldest first; viewer 0
// sees the public ones.
func (w *World) Seen(viewer, channelID ID) []discord.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[channelID]
	if c == nil {
		return nil
	}
	var list []discord.Message
	for _, m := range c.messages {
		if m.VisibleTo == 0 || m.VisibleTo == viewer {
			list = append(list, *m)
		}
	}
	return list
}

// settleEmbeds and settleComponents replace attachment://name by the file's address.
func settleEmbeds(embeds []discord.Embed, files []discord.Attachment) []discord.Embed {
	out := make([]discord.Embed, len(embeds))
	for i, e := range embeds {
		if e.Type == "" {
			e.Type = "rich"
		}
		for _, media := range []**discord.EmbedMedia{&e.Image, &e.Thumbnail} {
			if *media != nil {
				*media = &discord.EmbedMedia{URL: settle(discord.Media{URL: (*media).URL}, files).URL}
			}
		}
		out[i] = e
	}
	return out
}

func settleComponents(components []discord.Component, files []discord.Attachment) []discord.Component {
	return discord.MapMedia(components, func(m discord.Media) discord.Media { return settle(m, files) })
}

func settle(m discord.Media, files []discord.Attachment) discord.Media {
	name, ok := strings.CutPrefix(m.URL, "attachment://")
	if !ok {
		return m
	}
	for _, a := range files {
		if a.Filename == cleanName(name) {
			return discord.Media{URL: a.URL, ProxyURL: a.ProxyURL, ContentType: a.ContentType, AttachmentID: a.ID}
		}
	}
	return m
}
