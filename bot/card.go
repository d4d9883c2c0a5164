package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
	"busker/player"
	"busker/track"
)

// card is a guild's now-playing message. Its goroutine owns everything but the
// notes and writes to Discord as rarely as it can: events that come together make
// one update. What goes wrong with a card never reaches the player.
type card struct {
	b     *Bot
	guild snowflake.ID
	log   *slog.Logger

	mu      sync.Mutex
	pending notes
	retired bool
	wake    chan struct{} // 1: there are notes

	message, channel string // where it is; message is empty when it is nowhere
	attachments      []*discordgo.MessageAttachment
	item             uint64         // queue item shown
	artwork          *track.Artwork // picture shown
	shown            string         // key of the view shown
	ended            bool           // it is marked as over
	hidden           uint64         // item for which the card must not be posted: somebody deleted it, or we may not post
	ticked           bool           // nothing happened but that time went by
	wrote            time.Time
	last             player.Status
}

func newCard(b *Bot, guild snowflake.ID) *card {
	return &card{b: b, guild: guild, log: b.log.With("guild", guild), wake: make(chan struct{}, 1)}
}

// post leaves notes for the card; false means it is retired and needs a successor.
func (c *card) post(n notes) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.retired {
		return false
	}
	c.pending.add(n)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return true
}

func (c *card) take() notes {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.pending
	c.pending = notes{}
	return n
}

// retireIfQuiet ends the card unless notes came in the meantime.
func (c *card) retireIfQuiet() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = len(c.wake) == 0
	return c.retired
}

func (c *card) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
}

// run keeps the card until the player has left its channel or ctx ends.
func (c *card) run(ctx context.Context) {
	for {
		if !c.wait(ctx) {
			// The process stops; buttons that nobody answers must not stay behind.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTimeout)
			defer cancel()
			c.end(ctx)
			return
		}
		if c.update(ctx, c.take()) && c.retireIfQuiet() {
			return
		}
	}
}

// wait returns when there is something to do and it may be done; false when ctx
// is over.
func (c *card) wait(ctx context.Context) bool {
	progress := time.NewTimer(c.b.opts.CardProgress)
	defer progress.Stop()
	select {
	case <-c.wake:
		c.ticked = false
	case <-progress.C:
		c.ticked = true
	case <-ctx.Done():
		return false
	}
	pause := time.NewTimer(c.b.opts.CardEvery - time.Since(c.wrote))
	defer pause.Stop()
	select {
	case <-pause.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// update brings the channel up to date and reports whether the player is gone.
func (c *card) update(ctx context.Context, n notes) (gone bool) {
	select { // whatever woke us is in n or in the status
	case <-c.wake:
		c.ticked = false
		n.add(c.take())
	default:
	}
	c.tell(ctx, n)
	s, ok := c.b.opts.Doer.Status(c.guild)
	switch {
	case ok && s.ItemID != 0:
		c.show(ctx, s, n.fresh)
	case s.State != player.StateJoining:
		c.end(ctx)
	}
	return !ok || s.Channel == 0 && s.State == player.StateIdle
}

// tell posts failures and the like as a message of their own.
func (c *card) tell(ctx context.Context, n notes) {
	lines := n.failures
	if more := n.failed - len(n.failures); more > 0 {
		lines = append(lines, fmt.Sprintf(textFailedMore, tracks(more)))
	}
	if n.say != "" {
		lines = append(lines, n.say)
	}
	place := c.b.places.of(c.guild)
	if len(lines) == 0 || place == 0 {
		return
	}
	_, err := c.create(ctx, place.String(), nil, &discordgo.MessageSend{
		Content: strings.Join(lines, "\n"), AllowedMentions: nobody(), Flags: discordgo.MessageFlagsSuppressEmbeds,
		Components: []discordgo.MessageComponent{},
	})
	if err != nil {
		c.log.Info("message could not be posted", "channel", place, "err", err)
	}
}

// show makes the card show s: in place where it can be seen, else as a new message
// that replaces the old one.
func (c *card) show(ctx context.Context, s player.Status, fresh bool) {
	place := c.b.places.of(c.guild).String()
	if place == "" || s.ItemID == c.hidden && !fresh {
		return
	}
	c.last = s
	turned := s.ItemID != c.item || c.ended
	stays := c.message != "" && !fresh && (!turned || c.channel == place && !c.buried(ctx))
	if stays && c.edit(ctx, playing(s), s) {
		return
	}
	if c.message == "" && !turned && !fresh { // deleted by somebody while it showed this very track
		c.hidden = s.ItemID
		return
	}
	c.replace(ctx, place, s)
}

// buried reports whether newer messages lie below the card.
func (c *card) buried(ctx context.Context) bool {
	ch, err := c.b.opts.REST.Channel(c.channel, once(ctx)...)
	return err == nil && ch.LastMessageID != "" && ch.LastMessageID != c.message
}

// replace posts the card anew and deletes the old one.
func (c *card) replace(ctx context.Context, place string, s player.Status) {
	oldChannel, old := c.channel, c.message
	v := playing(s)
	m, err := c.create(ctx, place, v.artwork, &discordgo.MessageSend{
		Components: v.components, AllowedMentions: nobody(),
		Flags: discordgo.MessageFlagsIsComponentsV2 | discordgo.MessageFlagsSuppressNotifications,
	})
	if err != nil {
		if forbidden(err) {
			c.hidden = s.ItemID
		}
		c.log.Info("card could not be posted", "channel", place, "err", err)
		return
	}
	c.b.metrics.cards.WithLabelValues("posted").Inc()
	c.channel, c.message, c.attachments, c.hidden = place, m.ID, m.Attachments, 0
	c.keep(v, s)
	if old != "" {
		if err := c.b.opts.REST.ChannelMessageDelete(oldChannel, old, once(ctx)...); err != nil {
			c.log.Debug("old card could not be deleted", "err", err)
		}
	}
}

// create posts a message, with a picture unless it is nil.
func (c *card) create(ctx context.Context, channel string, p *track.Artwork, m *discordgo.MessageSend) (made *discordgo.Message, err error) {
	defer func() { c.wrote = time.Now() }()
	err = retry(ctx, func() error {
		m.Files = files(p) // each try reads the picture from its start
		made, err = c.b.opts.REST.ChannelMessageSendComplex(channel, m, once(ctx)...)
		return err
	})
	return made, err
}

// keep remembers what the message shows.
func (c *card) keep(v view, s player.Status) {
	c.shown, c.item, c.artwork, c.ended = v.key, s.ItemID, v.artwork, v.ended
}

// edit rewrites the message in place; false means that it is gone.
func (c *card) edit(ctx context.Context, v view, s player.Status) bool {
	if v.key == c.shown && v.artwork == c.artwork {
		return true
	}
	if c.ticked && !v.ended && !c.b.steps.Allow() {
		return true // at the next tick, perhaps
	}
	m, err := c.patch(ctx, v)
	switch {
	case err == nil:
		c.b.metrics.cards.WithLabelValues("edited").Inc()
		c.attachments = m.Attachments
		c.keep(v, s)
	case restCode(err) == discordgo.ErrCodeUnknownMessage:
		c.message = ""
		return false
	case forbidden(err):
		c.hidden = s.ItemID
		fallthrough
	default:
		c.log.Info("card could not be updated", "channel", c.channel, "err", err)
	}
	return true
}

func (c *card) patch(ctx context.Context, v view) (made *discordgo.Message, err error) {
	defer func() { c.wrote = time.Now() }()
	e := &discordgo.MessageEdit{
		Channel: c.channel, ID: c.message, Components: &v.components, AllowedMentions: nobody(),
		Flags: discordgo.MessageFlagsIsComponentsV2,
	}
	keep := c.attachments
	if v.artwork != c.artwork { // a new picture takes the place of the old one
		keep = []*discordgo.MessageAttachment{}
	}
	if keep != nil {
		e.Attachments = &keep
	}
	err = retry(ctx, func() error {
		if v.artwork != c.artwork {
			e.Files = files(v.artwork)
		}
		made, err = c.b.opts.REST.ChannelMessageEditComplex(e, once(ctx)...)
		return err
	})
	return made, err
}

// end marks the card as over and takes its buttons away.
func (c *card) end(ctx context.Context) {
	if c.message != "" && !c.ended {
		c.edit(ctx, over(c.last), player.Status{})
	}
}

// restCode is Discord's error code in err, 0 when there is none.
func restCode(err error) int {
	var rest *discordgo.RESTError
	if errors.As(err, &rest) && rest.Message != nil {
		return rest.Message.Code
	}
	return 0
}

// forbidden reports whether trying the same again cannot succeed soon.
func forbidden(err error) bool {
	switch restCode(err) {
	case discordgo.ErrCodeMissingPermissions, discordgo.ErrCodeMissingAccess, discordgo.ErrCodeUnknownChannel:
		return true
	}
	return false
}
