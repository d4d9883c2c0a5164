package bot

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
	"busker/player"
	"busker/session"
	"busker/settings"
	"busker/track"
)

// card is a guild's now-playing message. Its goroutine owns everything but the
// mailbox and the chat, and writes to Discord as rarely as it can: events that come
// together make one update. What goes wrong with a card never reaches the player.
type card struct {
	mailbox
	desk
	log    *slog.Logger
	serial string // in the ids of its buttons
	chat   chat   // what lies below it

	message, channel string // where it is; message is empty when it is nowhere
	attachments      []*discordgo.MessageAttachment
	item             uint64         // queue item shown
	artwork          *track.Artwork // picture shown
	shown            string         // key of the view shown
	ended            bool           // it has no buttons any more
	refused          bool           // it may not be edited
	ends             int            // how often it was tried in vain to mark it as over
	hidden           uint64         // item for which the card must not be posted: somebody deleted it, or we may not post
	ticked           bool           // nothing happened but that time went by
	wrote, posted    time.Time      // anything; this card
	last             player.Status

	inherited time.Time    // when it was taken over from another process; zero: it was not
	taken     bool         // it is one of the process before, of which only the place is known
	until     time.Time    // when a card that was taken over stops waiting for its player
	kept      session.Card // what the store knows
	announced uint64       // item a message told of

	illustration illustration
}

// newCard makes the guild's card, or takes over that of the process before.
func newCard(b *Bot, guild snowflake.ID) *card {
	c := &card{mailbox: newMailbox(), desk: b.newDesk(guild), log: b.log.With("guild", guild)}
	c.chat.wake = func() { c.post(notes{}) }
	c.kept = b.cards.takeFormer(guild)
	if c.kept.Message == 0 {
		c.serial = b.serials.next(guild)
	} else {
		c.serial = serialOf(c.kept.Serial)
		b.serials.use(guild, c.serial)
		c.message, c.channel, c.posted, c.taken = c.kept.Message.String(), c.kept.Channel.String(), c.kept.Message.Time(), true
		c.inherited = time.Now()
		c.chat.follow(c.channel, c.message)
		if b.opts.Survives {
			c.until = time.Now().Add(b.opts.CardReturn)
		}
	}
	b.cards.set(c)
	return c
}

func (c *card) retire() {
	if c.b.cards.drop(c) { // else another has its place, and may have its serial
		c.b.serials.drop(c.guild, c.serial)
	}
	c.mailbox.retire()
}

// run keeps the card until the player has left its channel or ctx ends. In the latter
// case it has until the end of ending: buttons that nobody answers should not stay.
func (c *card) run(ctx, ending context.Context) {
	for {
		if !c.wait(ctx) {
			if !errors.Is(context.Cause(ctx), errHandedOver) && !c.lost(ending) {
				c.pauseForRestart(ending)
			}
			return
		}
		if c.lost(ctx) {
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
	chosen := c.b.settings.Guild(ctx, c.guild)
	w := c.b.ofGuild(c.guild, chosen)
	c.tell(ctx, w, c.b.placeFor(c.guild, chosen), n)
	s, ok := c.b.opts.Doer.Status(c.guild)
	inside := ok && s.Channel != 0
	if n.settled || inside {
		c.until = time.Time{}
	}
	switch {
	case inside && s.ItemID != 0:
		c.announce(ctx, w, chosen, s)
		c.show(ctx, w, chosen, s, n.fresh)
	case time.Now().Before(c.until): // its guild may be about to return
		return false
	case s.State != player.StateJoining:
		c.end(ctx, w)
	}
	gone = !ok || s.Channel == 0 && s.State == player.StateIdle
	if gone && !c.left() { // what plays next counts its items anew
		c.serial = c.b.serials.next(c.guild)
	}
	c.keepPlace(ctx, chosen, gone)
	return gone
}

// tell posts failures and the like as a message of their own.
func (c *card) tell(ctx context.Context, w tongue, place snowflake.ID, n notes) {
	lines := n.lines(w)
	if len(lines) == 0 || place == 0 {
		return
	}
	defer func() { c.wrote = time.Now() }()
	if err := c.say(ctx, place.String(), strings.Join(lines, "\n"), 0); err != nil {
		c.log.Info("message could not be posted", "channel", place, "err", err)
	}
}

// announce tells of a new track by a message, where the server wants that. What played
// before the process started has been told of.
func (c *card) announce(ctx context.Context, w tongue, chosen settings.Guild, s player.Status) {
	before, place := c.announced, c.b.placeFor(c.guild, chosen)
	c.announced = s.ItemID
	if s.ItemID == before || before == 0 && c.taken || chosen.Announce != settings.AnnounceMessage || place == 0 {
		return
	}
	text := w.Say(textAnnounce, w.bold(s.Track))
	if err := c.say(ctx, place.String(), text, discordgo.MessageFlagsSuppressNotifications); err != nil {
		c.log.Info("message could not be posted", "channel", place, "err", err)
	}
}

// show makes the card show s: in place where it can be seen, else as a new message
// that replaces the old one.
func (c *card) show(ctx context.Context, w tongue, chosen settings.Guild, s player.Status, fresh bool) {
	if chosen.Announce == settings.AnnounceOff {
		c.remove(ctx)
		return
	}
	place := c.b.placeFor(c.guild, chosen).String()
	if place == "" || s.ItemID == c.hidden && !fresh {
		return
	}
	s = c.illustrate(ctx, s)
	c.last = s
	turned := s.ItemID != c.item || c.ended
	v := w.playing(s, c.serial, c.b.hushOf(s))
	if c.message != "" && !fresh && c.stays(ctx, place, chosen.CardFollows, turned) && c.edit(ctx, v, s) {
		return
	}
	if c.message == "" && !turned && !fresh && time.Since(c.inherited) > handoverGrace {
		// Deleted by somebody while it showed this very track.
		c.hidden = s.ItemID
		return
	}
	c.replace(ctx, place, chosen, v, s)
}

// handoverGrace is how long after a card was taken over it may be its last owner that
// deletes it, as one posted too late.
const handoverGrace = time.Minute

// stays reports whether the card is where it should be.
func (c *card) stays(ctx context.Context, place string, follows, turned bool) bool {
	age := time.Since(c.posted)
	switch {
	case age >= c.b.opts.CardAge:
		return false
	case follows && c.chat.ranAway() && age >= c.b.opts.CardMoves:
		return false
	case !turned:
		return true
	}
	return c.channel == place && (!follows || !c.buried(ctx))
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
func (c *card) replace(ctx context.Context, place string, chosen settings.Guild, v view, s player.Status) {
	oldChannel, old := c.channel, c.message
	if oldChannel == "" {
		oldChannel = place
	}
	m, err := c.create(ctx, place, v.artwork, &discordgo.MessageSend{
		Components: v.components, AllowedMentions: nobody(),
		Flags: discordgo.MessageFlagsIsComponentsV2 | discordgo.MessageFlagsSuppressNotifications,
	})
	c.wrote = time.Now()
	if err != nil {
		if forbidden(err) {
			c.hidden = s.ItemID
		}
		c.log.Info("card could not be posted", "channel", place, "err", err)
		return
	}
	c.b.metrics.cards.WithLabelValues("posted").Inc()
	c.channel, c.message, c.attachments, c.hidden, c.posted = place, m.ID, m.Attachments, 0, time.Now()
	c.chat.follow(c.channel, c.message)
	c.keep(v, s)
	c.keepPlace(ctx, chosen, false)
	if c.lost(ctx) { // while it was posted: the guild's new owner does not know of it
		old = c.message
		c.log.Debug("the guild went while its card was posted", "card", old)
	}
	c.discard(ctx, oldChannel, old)
}

// remove takes the card away.
func (c *card) remove(ctx context.Context) {
	if c.message == "" {
		return
	}
	c.delete(ctx, c.channel, c.message)
	c.message, c.item, c.shown = "", 0, ""
}

func (c *card) delete(ctx context.Context, channel, message string) {
	if message == "" {
		return
	}
	err := c.request(ctx, discordgo.EndpointChannelMessage(channel, ""), func(ctx context.Context) error {
		return c.rest.ChannelMessageDelete(channel, message, once(ctx)...)
	})
	if err != nil {
		c.log.Debug("old card could not be deleted", "err", err)
	}
}

// discard deletes a card of which there are two now, whoever has the guild.
func (c *card) discard(ctx context.Context, channel, message string) {
	if message == "" {
		return
	}
	ctx, cancel := outlive(ctx, postGrace)
	defer cancel()
	err := c.finish(ctx, discordgo.EndpointChannelMessage(channel, ""), func(ctx context.Context) error {
		return c.rest.ChannelMessageDelete(channel, message, once(ctx)...)
	})
	if err != nil {
		c.log.Debug("old card could not be deleted", "err", err)
	}
}

// keep remembers what the message shows.
func (c *card) keep(v view, s player.Status) {
	c.shown, c.item, c.artwork, c.ended = v.key, s.ItemID, v.artwork, v.ended
	c.refused, c.ends, c.taken = false, 0, false
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
	if v.artwork != c.artwork || c.taken { // a new picture takes the place of the old one
		keep = []*discordgo.MessageAttachment{}
	}
	if keep != nil {
		e.Attachments = &keep
	}
	err = c.request(ctx, discordgo.EndpointChannelMessage(c.channel, ""), func(ctx context.Context) error {
		if v.artwork != c.artwork { // each try reads the picture from its start
			e.Files = files(v.artwork)
		}
		made, err = c.rest.ChannelMessageEditComplex(e, once(ctx)...)
		return err
	})
	return made, err
}

// end marks the card as over and takes its buttons away.
func (c *card) end(ctx context.Context, w tongue) {
	if c.left() {
		c.ends++
		c.edit(ctx, w.over(c.last), player.Status{})
	}
}

// pauseForRestart is for the end of the process: where the music goes on after it, the card says
// so, and the next process takes it over.
func (c *card) pauseForRestart(ctx context.Context) {
	chosen := c.b.settings.Guild(ctx, c.guild)
	w := c.b.ofGuild(c.guild, chosen)
	s, ok := c.b.opts.Doer.Status(c.guild)
	waits := c.b.opts.Survives && (ok && s.Channel != 0 && s.ItemID != 0 || time.Now().Before(c.until))
	switch {
	case !waits:
		c.end(ctx, w)
		c.keepPlace(ctx, chosen, true)
	case c.left():
		c.keepPlace(ctx, chosen, false)
		c.edit(ctx, w.resting(s), s)
	}
	if c.left() {
		c.b.unmarked.Add(1)
	}
}

// storeTimeout is for one write to the store of cards.
const storeTimeout = 2 * time.Second

// keepPlace has the store know where the card is, or that there is none to take over.
func (c *card) keepPlace(ctx context.Context, chosen settings.Guild, gone bool) {
	now := session.Card{Guild: c.guild, Channel: c.b.placeFor(c.guild, chosen)}
	switch {
	case gone && (!c.left() || c.ends >= maxEnds):
		now = session.Card{}
	case c.left():
		now.Channel, now.Message, now.Serial = parseID(c.channel), parseID(c.message), serialNumber(c.serial)
	case now.Channel == 0:
		now = session.Card{}
	}
	if now == c.kept {
		return
	}
	if _, err := c.b.mayAct(ctx, c.guild); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	keep := func() error { return c.b.opts.Cards.KeepCard(ctx, now) }
	if now.Guild == 0 {
		keep = func() error { return c.b.opts.Cards.DropCard(ctx, c.guild) }
	}
	if err := keep(); err != nil {
		c.log.Warn("where the card is could not be kept", "err", err)
		return
	}
	c.kept = now
}
