package bot

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"busker/internal/fault"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// addition is how found tracks come into the queue.
type addition struct {
	where queue.Where
	now   bool // play the first of them at once
}

// Where /play may put what it finds.
const (
	whenLast = "last"
	whenNext = "next"
	whenNow  = "now"
)

// addition reads where the user wants it. To put something before what others asked for
// takes the rights of a DJ, unless nothing waits.
func (c *call) addition() (addition, error) {
	if at, placed := c.number("position"); placed {
		return c.before(addition{where: queue.Where{Place: queue.At, Index: at - 1}})
	}
	return c.placing(c.text("when"))
}

// placing is where tracks come that are to be heard last, next or now.
func (c *call) placing(when string) (addition, error) {
	switch when {
	case "", whenLast:
		return addition{}, nil
	case whenNext:
		return c.before(addition{where: queue.Where{Place: queue.Next}})
	case whenNow:
		return c.before(addition{now: true})
	}
	return addition{}, fault.New(fault.Invalid, textBadWhen)
}

// before refuses to put something before what others asked for.
func (c *call) before(a addition) (addition, error) {
	if a.now {
		if err := c.mayEnd(c.status); err != nil {
			return a, err
		}
	}
	if !c.isDJ() && (len(c.status.Queue) > 0 || a.now && c.status.ItemID != 0) {
		return a, fault.Newf(fault.Denied, textDJOnlyFirst, mentions(c.chosen.DJRoles))
	}
	return a, nil
}

// add hands found tracks to the player, which joins the user's channel if it is in none,
// and says what became of them. What a list has more of is added as it comes, and the
// answer follows that.
func (c *call) add(ctx context.Context, found track.Result, a addition) (reply, error) {
	if err := c.stillMay(a); err != nil {
		return reply{}, err
	}
	c.b.places.set(c.guild, c.channel)
	if c.status.Channel != 0 && c.status.Channel != c.voice { // nobody listens there: come here first
		if _, err := c.do(ctx, player.Join{Channel: c.voice}); err != nil {
			return reply{}, err
		}
	}
	list := found.Playlist != "" || found.Rest != nil
	s, left, err := c.addTracks(ctx, found.Tracks, a, list, func(p player.Play) player.Command { return p })
	if err != nil {
		return reply{}, err
	}
	if found.Rest == nil {
		return reply{text: c.w.added(found, s, left)}, nil
	}
	return c.addRest(ctx, found, a, s, left)
}

// stillMay looks again whether whoever asked may have that: to find it took its time, in
// which people come and go.
func (c *call) stillMay(a addition) error {
	c.voice, _ = c.b.opts.Voice.VoiceChannelOf(c.guild, c.user)
	c.status, _ = c.b.opts.Doer.Status(c.guild)
	if err := c.check(needsJoin); err != nil {
		return err
	}
	if !a.now && a.where.Place == queue.End {
		return nil
	}
	_, err := c.before(a)
	return err
}

// addTracks adds tracks as the server's settings permit; partial adds as many as fit. It
// returns how many did not.
func (c *call) addTracks(
	ctx context.Context, tracks []track.Track, a addition, partial bool, as func(player.Play) player.Command,
) (s player.Status, left int, err error) {
	done, err := c.b.turns.take(ctx, c.guild)
	if err != nil {
		return s, 0, err
	}
	defer done()
	if err := context.Cause(ctx); err != nil { // the queue was emptied meanwhile
		return s, 0, err
	}
	now, _ := c.b.opts.Doer.Status(c.guild)
	fit, err := c.permitted(now, tracks, partial)
	if err != nil {
		return now, len(tracks), err
	}
	s, err = c.do(ctx, as(player.Play{
		Tracks: fit, Requester: queue.UserID(c.user), Channel: c.voice,
		Where: a.where, Now: a.now, PerUser: c.chosen.MaxPerUser, Partial: partial,
	}))
	return s, len(tracks) - s.Added, err
}

// permitted leaves out what the server does not want in its queue.
func (c *call) permitted(now player.Status, tracks []track.Track, partial bool) ([]track.Track, error) {
	if c.chosen.NoDuplicates {
		fresh := unqueued(now, tracks)
		if len(fresh) == 0 {
			return nil, fault.New(fault.Invalid, textAllThere)
		}
		tracks = fresh
	}
	if c.chosen.MaxQueue == 0 {
		return tracks, nil
	}
	room := c.chosen.MaxQueue - len(now.Queue)
	if now.ItemID == 0 {
		room++ // the first one does not wait
	}
	if room <= 0 || room < len(tracks) && !partial {
		return nil, fault.Newf(fault.TooLarge, textQueueFull, c.chosen.MaxQueue)
	}
	return tracks[:min(room, len(tracks))], nil
}

// unqueued are the tracks that neither play nor wait, each once.
func unqueued(now player.Status, tracks []track.Track) []track.Track {
	type key struct{ source, uri string }
	there := make(map[key]bool, len(now.Queue)+len(tracks))
	if now.ItemID != 0 {
		there[key{now.Track.Source, now.Track.URI}] = true
	}
	for i := range now.Queue {
		there[key{now.Queue[i].Track.Source, now.Queue[i].Track.URI}] = true
	}
	return slices.DeleteFunc(slices.Clone(tracks), func(t track.Track) bool {
		k := key{t.Source, t.URI}
		known := there[k]
		there[k] = true
		return known
	})
}

// progressEvery is the least time between two answers about a list that is being added.
const progressEvery = 2 * time.Second

// toQueue is a Play that never joins a channel: who left it meant it.
func toQueue(p player.Play) player.Command {
	return player.Add{Tracks: p.Tracks, Requester: p.Requester, Where: p.Where, PerUser: p.PerUser, Partial: p.Partial}
}

// addRest adds what a long list has more of, until it ends, the queue is full, or somebody
// empties the queue or sends the bot away.
func (c *call) addRest(ctx context.Context, found track.Result, a addition, s player.Status, left int) (reply, error) {
	ctx, done := c.b.loads.begin(ctx, c.guild)
	defer done()
	added, told := s.Added, time.Now()
	c.deliver(ctx, reply{text: c.w.adding(found, added)})
	for {
		batch, err := found.Rest(ctx)
		if len(batch) > 0 {
			s, missed, full := c.addTracks(ctx, batch, following(a, added), true, toQueue)
			if full != nil && !errors.Is(context.Cause(ctx), errEmptied) {
				return reply{text: c.w.addedSome(found, added, c.w.whyOf(full))}, nil
			}
			added, left = added+s.Added, left+missed
		}
		switch {
		case errors.Is(context.Cause(ctx), errEmptied):
			return reply{text: c.w.addedSome(found, added, c.w.Say(textEmptied))}, nil
		case errors.Is(err, io.EOF):
			return reply{text: c.w.addedList(found, added, left)}, nil
		case err != nil:
			return reply{text: c.w.addedSome(found, added, c.w.whyOf(err))}, nil
		case time.Since(told) >= progressEvery:
			told = time.Now()
			c.deliver(ctx, reply{text: c.w.adding(found, added)})
		}
	}
}

// following is where more of a list goes, of which so many are there already.
func following(a addition, added int) addition {
	switch {
	case a.now: // the first of them plays
		return addition{where: queue.Where{Place: queue.At, Index: added - 1}}
	case a.where.Place == queue.Next:
		return addition{where: queue.Where{Place: queue.At, Index: added}}
	case a.where.Place == queue.At:
		return addition{where: queue.Where{Place: queue.At, Index: a.where.Index + added}}
	}
	return addition{where: a.where}
}

// added tells what became of the tracks.
func (w tongue) added(found track.Result, s player.Status, left int) string {
	if found.Playlist != "" || len(found.Tracks) > 1 {
		return w.addedList(found, s.Added, left)
	}
	name := w.bold(found.Tracks[0])
	at := slices.IndexFunc(s.Queue, func(it *queue.Item) bool { return it.ID == s.First })
	if at < 0 {
		return w.Say(textPlaying, name)
	}
	if wait, known := s.Until(at); known {
		return w.Say(textQueuedFor, name, at+1, clock(wait))
	}
	return w.Say(textQueued, name, at+1)
}

// addedList tells what became of a list, of which some may not have fit.
func (w tongue) addedList(found track.Result, added, left int) string {
	text := w.Say(textQueuedMany, w.tracks(added))
	if found.Playlist != "" {
		text = w.Say(textQueuedList, w.tracks(added), "**"+escape(found.Playlist)+"**")
	}
	if left > 0 {
		text += " " + w.Say(textNotAdded, w.tracks(left))
	}
	return text
}

// addedSome tells why a list was added only in part.
func (w tongue) addedSome(found track.Result, added int, why string) string {
	return w.addedList(found, added, 0) + " " + why
}

// adding tells how far a list has come.
func (w tongue) adding(found track.Result, added int) string {
	name := "**" + escape(found.Playlist) + "**"
	if found.Playlist == "" {
		name = w.Say(textTheList)
	}
	if found.Total > 0 {
		return w.Say(textAddingOf, added, found.Total, name)
	}
	return w.Say(textAdding, w.tracks(added), name)
}
