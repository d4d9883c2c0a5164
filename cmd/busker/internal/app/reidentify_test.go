package app_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"busker/audio"
	"busker/cmd/busker/internal/app"
	"busker/emulator/listen"
	"busker/player"
	"busker/track"
)

const (
	// crowd is how many guilds play when the session is lost, all on one shard.
	crowd = 50
	// backWithin is how soon all of them must be heard again.
	backWithin = patience
	// astray is how much sound may go to a voice server that has forgotten us
	// already, before we know.
	astray = 25 // frames
)

// TestFiftyPlayersOutliveALostSession (failure mode 10.19) takes the main gateway's
// session from fifty players. Each must go on where it was, with its queue, and be
// heard.
func TestFiftyPlayersOutliveALostSession(t *testing.T) {
	s := newStage(t, func(o *app.Options) { o.Tuning.Opus.Complexity, o.Tuning.Opus.MaxBitrate = 1, 16_000 })
	events, cancel := s.app.Players().Subscribe(crowd * 100)
	defer cancel()
	rooms := make([]*spot, crowd)
	for i := range rooms {
		rooms[i] = s.newSpot(t)
	}
	all := func(do func(*spot)) {
		var group sync.WaitGroup
		for _, r := range rooms {
			group.Go(func() { do(r) })
		}
		group.Wait()
	}
	list := s.tracks(t, song, "01-cobblestone-waltz.opus", "02-last-tram-home.opus")
	all(func(r *spot) { r.perform(t, list) })
	all(func(r *spot) { r.hearMore(t) })
	all(func(r *spot) { r.before, r.seen = r.status(), time.Now() })

	if !s.bot.Invalidate(false) {
		t.Fatal("there was no session to lose")
	}
	lost := time.Now()
	interruptions, reconnections := await(t, events, lost)
	t.Logf("%d interruptions; all players back after %v", interruptions, time.Since(lost).Round(time.Millisecond))
	if reconnections != crowd {
		t.Errorf("%d players came back, want %d", reconnections, crowd)
	}
	all(func(r *spot) { r.hearMore(t) })
	all(func(r *spot) { r.check(t) })

	began := time.Now()
	if err := s.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	t.Logf("stopping took %v", time.Since(began).Round(time.Millisecond))
	soon, cancelSoon := context.WithTimeout(s.ctx, 5*time.Second)
	defer cancelSoon()
	all(func(r *spot) { // Discord takes only so many leaves a minute
		if err := r.bot.WaitVoice(soon, r.guild, nil); err != nil {
			t.Errorf("guild %v: still in voice: %v", r.guild.ID, err)
		}
	})
}

// await counts interruptions and reconnections until every player is back. Nothing
// else may happen to any of them.
func await(t *testing.T, events <-chan player.Envelope, since time.Time) (interruptions, reconnections int) {
	t.Helper()
	late := time.NewTimer(backWithin)
	defer late.Stop()
	lost := false
	for reconnections < crowd {
		select {
		case e := <-events:
			switch event := e.Event.(type) {
			case player.Interrupted:
				lost = true
				interruptions++
			case player.Reconnected:
				reconnections++
			default:
				if lost {
					t.Errorf("guild %v: %T %+v after the session was lost", e.Guild, event, event)
				}
			}
		case <-late.C:
			t.Errorf("after %v %d players are back", time.Since(since), reconnections)
			return interruptions, reconnections
		}
	}
	return interruptions, reconnections
}

// spot is a guild with somebody who counts the packets in its voice channel.
type spot struct {
	*stage
	before player.Status
	seen   time.Time // when it was so
}

func (s *stage) newSpot(t *testing.T) *spot {
	t.Helper()
	room := *s
	room.guild = s.local.AddGuild("Spot", s.bot)
	room.voice = room.guild.AddVoiceChannel("The Corner")
	room.you = room.guild.AddUser("you")
	var err error
	if room.ears, err = room.you.JoinVoice(room.voice, listen.Options{CountOnly: true, Keep: -1}); err != nil {
		t.Fatal(err)
	}
	return &spot{stage: &room}
}

func (r *spot) status() player.Status {
	s, _ := r.app.Players().Status(r.guild.ID)
	return s
}

func (s *stage) tracks(t *testing.T, names ...string) (list []track.Track) {
	t.Helper()
	for _, name := range names {
		found, err := s.app.Sources().Resolve(s.ctx, track.Query{Text: name})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found.Tracks...)
	}
	return list
}

// perform plays the first of list and queues the rest.
func (r *spot) perform(t *testing.T, list []track.Track) {
	if _, err := r.app.Players().Do(r.ctx, r.guild.ID, player.Play{Tracks: list, Channel: r.voice.ID}); err != nil {
		t.Error(err)
	}
}

// heard is the number of frames of music that have arrived.
func (r *spot) heard() int64 {
	report := r.ears.Report()
	return report.Packets - report.SilenceFrames
}

// hearMore waits for one more second of music.
func (r *spot) hearMore(t *testing.T) {
	want := r.heard() + int64(audio.FramesPerSecond)
	late := time.After(patience)
	for r.heard() < want {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-late:
			t.Errorf("guild %v: nothing to hear:\n%s\n%+v", r.guild.ID, r.ears.Report(), r.status().Voice)
			return
		}
	}
}

// check compares how the player is with how it was.
func (r *spot) check(t *testing.T) {
	now, most := r.status(), time.Since(r.seen)+time.Second
	switch {
	case now.State != player.StatePlaying || now.ItemID != r.before.ItemID || len(now.Queue) != len(r.before.Queue):
		t.Errorf("guild %v: %v item %d with %d to come, was %v item %d with %d",
			r.guild.ID, now.State, now.ItemID, len(now.Queue), r.before.State, r.before.ItemID, len(r.before.Queue))
	case now.Position < r.before.Position || now.Position > r.before.Position+most:
		t.Errorf("guild %v: at %v, was at %v %v ago", r.guild.ID, now.Position, r.before.Position, most)
	case !now.Voice.Connected || !now.Voice.Encrypted || now.Voice.Members != 2 || now.Voice.LastReconnect.Before(r.seen) || now.Voice.Cause == "" || now.Voice.Rejoins == 0:
		t.Errorf("guild %v: voice %+v", r.guild.ID, now.Voice)
	}
	if report := r.ears.Report(); report.Plain != 0 || report.Undecryptable != 0 {
		t.Errorf("guild %v: heard\n%s", r.guild.ID, report)
	}
	// All that the position says was played has arrived, once.
	if missing := audio.Frames(now.Position) - r.heard(); missing > astray || missing < -astray {
		t.Errorf("guild %v: %d frames of %v did not arrive:\n%s", r.guild.ID, missing, now.Position, r.ears.Report())
	}
}
