package bot_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/bot"
	"busker/gateway"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// players is a Doer that plays nothing but keeps a queue and tells events, for one
// guild.
type players struct {
	mu     sync.Mutex
	s      player.Status
	q      *queue.Queue
	did    []player.Command
	ids    []string // of those that had one
	fail   error    // what Do returns
	panics bool
	block  chan struct{} // Do waits for it
	added  uint64        // items, which have the IDs from 1 on
	step   time.Duration // by which the track goes on from one Status to the next
	events chan player.Envelope
}

func newPlayers() *players {
	return &players{q: queue.New(queue.Options{}), s: player.Status{Volume: 100}, events: make(chan player.Envelope, 256)}
}

func (p *players) Status(guild snowflake.ID) (player.Status, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s.Position += p.step
	return p.s, p.s.Channel != 0
}

func (p *players) Do(ctx context.Context, guild snowflake.ID, c player.Command) (player.Status, error) {
	if p.block != nil {
		<-p.block
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.did = append(p.did, c)
	if id := player.CommandIDOf(ctx); id != "" {
		p.ids = append(p.ids, id)
	}
	if p.panics {
		panic("the player is broken")
	}
	if p.fail != nil {
		return p.s, p.fail
	}
	e, err := p.apply(c)
	if err != nil {
		return p.s, err
	}
	p.tell(guild, e)
	return p.s, nil
}

// tell sends an event with the status after it; the caller holds the lock.
func (p *players) tell(guild snowflake.ID, e player.Event) {
	p.s.Queue, p.s.QueueLength, p.s.Loop, p.s.History = p.q.List(), p.q.Duration(), p.q.Loop(), p.q.History()
	p.events <- player.Envelope{Guild: guild, Event: e, Status: p.s}
}

func (p *players) apply(c player.Command) (player.Event, error) {
	p.s.Outcome = player.Outcome{}
	switch c := c.(type) {
	case player.Play:
		return p.play(c)
	case player.Add:
		return p.play(player.Play{Tracks: c.Tracks, Requester: c.Requester, Where: c.Where, PerUser: c.PerUser, Partial: c.Partial})
	case player.Join:
		p.s.Channel = c.Channel
		return player.Joined(c), nil
	case player.Leave:
		left := player.Left{Channel: p.s.Channel}
		if c.Alone {
			left.Reason = player.LeaveAlone
		}
		p.s = player.Status{Volume: 100}
		p.q.Clear()
		return left, nil
	case player.Pause:
		p.s.State = player.StatePaused
		return player.Paused{}, nil
	case player.Resume:
		p.s.State, p.s.Held = player.StatePlaying, false
		return player.Resumed{}, nil
	case player.Hold:
		p.s.State, p.s.Held = player.StatePlaying, c.On
		if c.On {
			p.s.State = player.StatePaused
		}
		return player.HeldChanged(c), nil
	case player.Skip:
		return p.turn(p.q.Skip(max(c.Count, 1)))
	case player.Jump:
		item, err := p.q.Jump(c.Item)
		if err != nil {
			return nil, err
		}
		return p.turn(item, true)
	case player.Previous:
		return p.turn(p.q.Previous())
	case player.Stop:
		p.q.Clear()
		p.q.Drop()
		return p.turn(queue.Item{}, false)
	}
	if e, known, err := p.applySound(c); known {
		return e, err
	}
	return player.QueueChanged{}, p.applyQueue(c)
}

func (p *players) play(c player.Play) (player.Event, error) {
	items := make([]queue.Item, len(c.Tracks))
	for i, t := range c.Tracks {
		items[i] = queue.Item{Track: t, Requester: c.Requester}
	}
	where := c.Where
	if c.Now {
		where = queue.Where{Place: queue.Next}
	}
	added, err := p.q.Add(queue.AddOptions{Where: where, PerUser: c.PerUser, Partial: c.Partial}, items...)
	if err != nil {
		return nil, err
	}
	p.added += uint64(added)
	p.s.Added, p.s.First = added, p.added-uint64(added)+1
	if p.s.Channel == 0 {
		p.s.Channel = c.Channel
	}
	if p.s.ItemID == 0 || c.Now {
		return p.turn(p.q.Skip(1))
	}
	return player.QueueChanged{}, nil
}

func (p *players) applySound(c player.Command) (e player.Event, known bool, err error) {
	switch c := c.(type) {
	case player.Seek:
		if c.At > p.s.Length {
			return nil, true, fault.New(fault.Invalid, "The track is not that long.")
		}
		p.s.Position = c.At
		return player.Seeked(c), true, nil
	case player.SeekBy:
		p.s.Position = max(0, p.s.Position+c.Delta)
		return player.Seeked{At: p.s.Position}, true, nil
	case player.Replay:
		p.s.Position = 0
		return player.Seeked{}, true, nil
	case player.Filters:
		p.s.Filters, p.s.Effects = c.Settings, c.Effects
		return player.FiltersChanged{Settings: c.Settings}, true, nil
	case player.Crossfade:
		p.s.Crossfade = c.Duration
		return player.CrossfadeChanged(c), true, nil
	case player.Normalise:
		p.s.Normalise = c.On
		return player.NormaliseChanged(c), true, nil
	case player.Volume:
		p.s.Volume = c.Percent
		return player.VolumeChanged(c), true, nil
	case player.Stay:
		p.s.Stay = c.On
		return player.StayChanged(c), true, nil
	case player.Sleep:
		p.s.SleepAt, p.s.SleepAfterTrack = c.At, c.AfterTrack
		return player.SleepChanged(c), true, nil
	}
	return nil, false, nil
}

func (p *players) applyQueue(c player.Command) (err error) {
	switch c := c.(type) {
	case player.Loop:
		p.q.SetLoop(c.Mode)
	case player.Fair:
		p.q.SetFair(c.On)
		p.s.Fair = c.On
	case player.Remove:
		p.s.Dropped, err = p.q.Remove(c.Item)
	case player.RemoveRange:
		p.s.Dropped, err = p.q.RemoveRange(c.From, c.To)
	case player.RemoveBy:
		p.s.Dropped = p.q.RemoveBy(c.Users...)
	case player.RemoveExcept:
		p.s.Dropped = p.q.RemoveExcept(c.Users...)
	case player.RemoveDuplicates:
		p.s.Dropped = p.q.RemoveDuplicates()
	case player.Move:
		_, err = p.q.Move(c.Item, c.To)
	case player.Undo:
		p.s.Undone, err = p.q.Undo()
	case player.Clear:
		p.s.Dropped = p.q.Clear()
	}
	return err
}

func (p *players) turn(item queue.Item, ok bool) (player.Event, error) {
	p.s.ItemID, p.s.Track, p.s.Requester, p.s.Length, p.s.Position = item.ID, item.Track, item.Requester, item.Track.Length, 0
	if !ok {
		p.s.State = player.StateIdle
		return player.QueueEnded{}, nil
	}
	p.s.State = player.StatePlaying
	return player.TrackStarted{Item: item}, nil
}

func (p *players) happen(guild snowflake.ID, e player.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(guild, e)
}

func (p *players) set(change func(*player.Status)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.s)
}

// commands returns what was done and forgets it.
func (p *players) commands() []player.Command {
	p.mu.Lock()
	defer p.mu.Unlock()
	did := p.did
	p.did = nil
	return did
}

// catalogue resolves "NAME" to a track of that title; words with a meaning of
// their own stand for troubles.
type catalogue struct{}

var errSecret = errors.New("dial tcp 10.0.0.7:6379: connection refused")

func (catalogue) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	switch q.Text {
	case "missing":
		return track.Result{}, fault.New(fault.NotFound, "There is no such file.")
	case "broken":
		return track.Result{}, errSecret
	case "slow":
		<-ctx.Done()
		return track.Result{}, fmt.Errorf("get: %w", ctx.Err())
	case "single":
		return track.Result{Playlist: "The Single", Tracks: []track.Track{song("One")}}, nil
	case "album":
		return track.Result{Playlist: "The *Album*", Tracks: []track.Track{song("One"), song("Two"), song("Three")}}, nil
	}
	name := q.Text
	if q.Name != "" {
		name = q.Name
	}
	return track.Result{Tracks: []track.Track{song(name)}}, nil
}

// song is a track of 200 s; a name that starts with "Art" has a picture.
func song(name string) track.Track {
	t := track.Track{Source: "file", URI: name, Title: name, Artist: "The Band", Length: 200 * time.Second, Seekable: true}
	if strings.HasPrefix(name, "Art") {
		t.Artwork = &track.Artwork{MIME: "image/png", Bytes: []byte("\x89PNG " + name)}
	}
	return t
}

// seats is a Voice: who sits where.
type seats struct {
	locale string // of every guild
	mu     sync.Mutex
	in     map[snowflake.ID]snowflake.ID
	access gateway.Access
	stage  bool // all channels are
	deaf   map[snowflake.ID]bool
	room   gateway.Channel // the rest of what is known of every channel
	asked  int             // for the status of channels

	parents map[snowflake.ID]snowflake.ID // of threads
}

func (v *seats) AskStatus(context.Context, snowflake.ID) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	return nil
}

func (v *seats) VoiceChannelOf(_, user snowflake.ID) (snowflake.ID, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c, ok := v.in[user]
	return c, ok
}

func (v *seats) ThreadParent(channel snowflake.ID) snowflake.ID { return v.parents[channel] }

func (v *seats) VoiceAccess(snowflake.ID) gateway.Access { return v.access }

func (v *seats) Locale(snowflake.ID) string { return v.locale }

func (v *seats) ChannelInfo(channel snowflake.ID) (gateway.Channel, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	info := v.room
	info.ID, info.Stage = channel, v.stage
	for user, c := range v.in {
		if c == channel {
			info.Members = append(info.Members, user)
		}
		if c == channel && user != self && !v.deaf[user] {
			info.Listeners = append(info.Listeners, user)
		}
	}
	slices.Sort(info.Members)
	return info, true
}

func (v *seats) sit(user, channel snowflake.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if channel == 0 {
		delete(v.in, user)
		return
	}
	v.in[user] = channel
}

func itemOf(name string) queue.Item { return queue.Item{ID: 1000, Track: song(name)} }

type interactionCreate = discordgo.InteractionCreate

// secrets is a Privacy of one call.
type secrets struct {
	mu    sync.Mutex
	call  bot.CallPrivacy
	err   error                                            // of Privacy
	code  func(ctx context.Context, of snowflake.ID) error // called for each code; nil = it works
	asked []snowflake.ID                                   // whose codes were computed
}

func (s *secrets) Privacy(snowflake.ID) (bot.CallPrivacy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.call, s.err
}

func (s *secrets) PairwiseCode(ctx context.Context, _, user snowflake.ID) (string, error) {
	s.mu.Lock()
	s.asked = append(s.asked, user)
	s.mu.Unlock()
	if s.code != nil {
		if err := s.code(ctx, user); err != nil {
			return "", err
		}
	}
	return pairCode, nil
}

// set changes the call.
func (s *secrets) set(call bot.CallPrivacy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call = call
}
