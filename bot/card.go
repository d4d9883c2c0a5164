package bot

import (
	"context"
	"errors"
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
	b      *Bot
	guild  snowflake.ID
	log    *slog.Logger
	rest   *discordgo.Session // its own, for its goroutine
	serial string             // in the ids of its buttons

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
	refused          bool           // it may not be edited
	ends             int            // how often it was tried in vain to mark it as over
	hidden           uint64         // item for which the card must not be posted: somebody deleted it, or we may not post
	ticked           bool           // nothing happened but that time went by
	wrote, posted    time.Time      // anything; this card
	last             player.Status
}

func newCard(b *Bot, guild snowflake.ID) *card {
	return &card{
		b: b, guild: guild, log: b.log.With("guild", guild), wake: make(chan struct{}, 1),
		rest: ownLimits(b.opts.REST), serial: b.serials.next(guild),
	}
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
	c.b.serials.drop(c.guild, c.serial)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
}

// run keeps the card until the player has left its channel or ctx ends. In the latter
// case it has until the end of ending: buttons that nobody answers should not stay.
func (c *card) run(ctx, ending context.Context) {
	for {
		if !c.wait(ctx) {
			c.end(ending)
			return
		}
		gone := c.update(ctx, c.take())
		if gone && ctx.Err() == nil && (!c.left() || c.ends >= maxEnds) && c.retireIfQuiet() {
			return
		}
	}
}

// maxEnds is how often it is tried, once in CardProgress, to mark a card as over.
const maxEnds = 20

// left reports whether a message is there with buttons that could be taken away.
func (c *card) left() bool { return c.message != "" && !c.ended && !c.refused }

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

// speak returns the language of what everybody in the server reads.
func (c *card) speak(ctx context.Context) tongue {
	return c.b.ofGuild(c.guild, c.b.settings.Guild(ctx, c.guild))
}

// tell posts failures and the like as a message of their own.
func (c *card) tell(ctx context.Context, n notes) {
	place := c.b.places.of(c.guild)
	lines := n.lines(c.speak(ctx))
	if len(lines) == 0 || place == 0 {
		return
	}
	_, err := c.create(ctx, place.String(), nil, &discordgo.MessageSend{
		Content: cut(strings.Join(lines, "\n"), maxContent), AllowedMentions: nobody(), Flags: discordgo.MessageFlagsSuppressEmbeds,
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
	aged := time.Since(c.posted) >= c.b.opts.CardAge
	stays := c.message != "" && !fresh && !aged && (!turned || c.channel == place && !c.buried(ctx))
	if stays && c.edit(ctx, c.speak(ctx).playing(s, c.serial), s) {
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
	var ch *discordgo.Channel
	err := c.request(ctx, discordgo.EndpointChannel(c.channel), func(ctx context.Context) (err error) {
		ch, err = c.rest.Channel(c.channel, once(ctx)...)
		return err
	})
	return err == nil && ch.LastMessageID != "" && ch.LastMessageID != c.message
}

// replace posts the card anew and deletes the old one.
func (c *card) replace(ctx context.Context, place string, s player.Status) {
	oldChannel, old := c.channel, c.message
	v := c.speak(ctx).playing(s, c.serial)
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
	c.channel, c.message, c.attachments, c.hidden, c.posted = place, m.ID, m.Attachments, 0, time.Now()
	c.keep(v, s)
	if old == "" {
		return
	}
	err = c.request(ctx, discordgo.EndpointChannelMessage(oldChannel, ""), func(ctx context.Context) error {
		return c.rest.ChannelMessageDelete(oldChannel, old, once(ctx)...)
	})
	if err != nil {
		c.log.Debug("old card could not be deleted", "err", err)
	}
}

// requestTimeout is for one request of a card, its waits included. What was not
// done by then is tried again with the next event, or in CardProgress.
const requestTimeout = 30 * time.Second

// request makes a request when Discord's limits allow it. It waits for nothing beyond
// the end of ctx.
func (c *card) request(ctx context.Context, bucket string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return retry(ctx, func() error {
		if err := room(ctx, c.rest, bucket); err != nil {
			return err
		}
		if err := c.b.writes.Wait(ctx); err != nil {
			return err
		}
		return do(ctx)
	})
}

// postGrace is how long a stop waits for the answer to a post: without its id, the
// message could not be marked as over.
const postGrace = 500 * time.Millisecond

// create posts a message, with a picture unless it is nil.
func (c *card) create(ctx context.Context, channel string, p *track.Artwork, m *discordgo.MessageSend) (made *discordgo.Message, err error) {
	defer func() { c.wrote = time.Now() }()
	err = c.request(ctx, discordgo.EndpointChannelMessages(channel), func(ctx context.Context) error {
		ctx, cancel := outlive(ctx, postGrace)
		defer cancel()
		m.Files = files(p) // each try reads the picture from its start
		made, err = c.rest.ChannelMessageSendComplex(channel, m, once(ctx)...)
		return err
	})
	return made, err
}

// keep remembers what the message shows.
func (c *card) keep(v view, s player.Status) {
	c.shown, c.item, c.artwork, c.ended = v.key, s.ItemID, v.artwork, v.ended
	c.refused, c.ends = false, 0
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
	case ctx.Err() != nil:
		c.log.Debug("no time to update the card", "channel", c.channel, "err", err)
	case forbidden(err):
		c.hidden, c.refused = s.ItemID, true
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
	err = c.request(ctx, discordgo.EndpointChannelMessage(c.channel, ""), func(ctx context.Context) error {
		if v.artwork != c.artwork {
			e.Files = files(v.artwork)
		}
		made, err = c.rest.ChannelMessageEditComplex(e, once(ctx)...)
		return err
	})
	return made, err
}

// end marks the card as over and takes its buttons away.
func (c *card) end(ctx context.Context) {
	if c.left() {
		c.ends++
		c.edit(ctx, c.speak(ctx).over(c.last), player.Status{})
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
