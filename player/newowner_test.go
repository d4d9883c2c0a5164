package player_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"busker/player"
	"busker/session"
	"busker/track"
)

// TestAnOldOwnerLearnsIt when it wants to keep something: the command is refused, and the
// player ends.
func TestAnOldOwnerLearnsIt(t *testing.T) {
	live(t, func(l *lives) {
		a := l.owner(5)
		a.do(guild, player.Play{Tracks: l.album(2), Channel: lobby})
		a.pass(time.Second)
		b := l.owner(6)
		b.revive()
		b.pass(time.Second)
		a.moved(player.Volume{Percent: 50})
		a.pass(time.Second)
		a.silent()
		if s := b.do(guild, player.Look{}); s.Volume != 100 {
			t.Errorf("the volume is %d", s.Volume)
		}
		a.moved(player.Volume{Percent: 60}) // a new player may not even load
		if s := l.saved(); s.Sound != nil {
			t.Errorf("kept is %+v", s.Sound)
		}
		a.end()
		b.end()
	})
}

// TestAFailedHandOver: who was to take the guild does not, after it has changed something.
func TestAFailedHandOver(t *testing.T) {
	live(t, func(l *lives) {
		list := []track.Track{l.shelf.put(1, 500), l.shelf.put(2, hour), l.shelf.put(3, hour)}
		a := l.owner(5)
		a.do(guild, player.Play{Tracks: list, Requester: 7, Channel: lobby})
		a.do(guild, player.Sleep{At: time.Now().Add(time.Minute)})
		a.pass(9 * time.Second)
		a.handOver()
		b := l.owner(6)
		for range 30 {
			b.do(guild, player.Play{Tracks: list, Requester: 8, Channel: stage})
		}
		b.kill()
		a.pass(2 * time.Second)
		_ = a.happened(guild)
		a.token.Store(7)
		a.m.TakeBack(nil)
		a.pass(time.Second)
		if got := a.happened(guild); !slices.Equal(got, []string{"started c"}) {
			t.Errorf("events %q", got)
		}
		before := a.do(guild, player.Add{Tracks: list[:1], Requester: 9})
		if before.Track.Title != "c" || len(before.Queue) != 2 {
			t.Errorf("it plays %q, then %v", before.Track.Title, titles(before.Queue))
		}
		before = a.do(guild, player.Move{From: 1, To: 0})
		a.kill()
		c := l.owner(8)
		c.revive()
		after := c.status(guild)
		sameKept(t, after, before)
		if after.Track.Title != "c" || !after.SleepAt.Equal(before.SleepAt) {
			t.Errorf("it plays %q until %v", after.Track.Title, after.SleepAt)
		}
		c.pass(time.Minute)
		if s := c.status(guild); s.State != player.StateIdle {
			t.Error("it does not fall asleep")
		}
		c.end()
	})
}

// TestAHandOverWaitsForAJourney, whose commands are carried out.
func TestAHandOverWaitsForAJourney(t *testing.T) {
	live(t, func(l *lives) {
		l.slowly(time.Second)
		a := l.owner(5)
		played := make(chan player.Status, 1)
		go func() { played <- a.do(guild, player.Play{Tracks: l.album(2), Channel: lobby}) }()
		a.pass(500 * time.Millisecond)
		begun := time.Now()
		a.handOver()
		if d := time.Since(begun); d < 500*time.Millisecond || d > time.Second {
			t.Errorf("it took %v", d)
		}
		if s := <-played; s.Track.Title != "b" {
			t.Errorf("it plays %q", s.Track.Title)
		}
		a.moved(player.Skip{})
		b := l.owner(6)
		b.follow()
		if s := b.status(guild); s.Track.Title != "b" || s.Channel != lobby {
			t.Errorf("%q in %v", s.Track.Title, s.Channel)
		}
		a.end()
		b.end()
	})
}

// TestOnlySomeGuilds are handed over, and return.
func TestOnlySomeGuilds(t *testing.T) {
	live(t, func(l *lives) {
		even := func(g player.GuildID) bool { return g%2 == 0 }
		a := l.begin()
		list := l.album(1)
		for g := range player.GuildID(6) {
			a.do(g, player.Play{Tracks: list, Channel: lobby})
		}
		a.pass(time.Second)
		if err := a.m.HandOver(l.Context(), even); err != nil {
			t.Fatal(err)
		}
		b := l.begin()
		if err := b.m.Revive(l.Context(), player.Pace{Guilds: even, Running: true}); err != nil {
			t.Fatal(err)
		}
		for g := range player.GuildID(6) {
			_, there := b.m.Status(g)
			if _, err := a.m.Do(l.Context(), g, player.Volume{Percent: 90}); there != even(g) || errors.Is(err, player.ErrMoved) != even(g) {
				t.Errorf("guild %d: returned %v, and the old owner says %v", g, there, err)
			}
		}
		a.end()
		b.end()
	})
}

// TestNobodyBeginsWhereGuildsMove: a guild that was silent when its shard was handed over
// gets no player here, for nobody would hand that one over.
func TestNobodyBeginsWhereGuildsMove(t *testing.T) {
	live(t, func(l *lives) {
		even := func(g player.GuildID) bool { return g%2 == 0 }
		begins := func(p *life, g player.GuildID) bool {
			_, err := p.m.Do(l.Context(), g, player.Play{Tracks: l.album(1), Channel: lobby})
			if err != nil && !errors.Is(err, player.ErrMoved) {
				t.Errorf("guild %d: %v", g, err)
			}
			_, there := p.m.Status(g)
			if there != (err == nil) {
				t.Errorf("guild %d has a player: %v, and the command said %v", g, there, err)
			}
			return there
		}
		a := l.owner(5)
		if err := a.m.HandOver(l.Context(), even); err != nil {
			t.Fatal(err)
		}
		if begins(a, 2) {
			t.Error("guild 2 begins here while it is handed over")
		}
		if !begins(a, 3) {
			t.Error("guild 3, which stays, does not begin")
		}
		a.m.TakeBack(even)
		if !begins(a, 4) {
			t.Error("guild 4 does not begin when it was taken back")
		}
		if err := a.m.HandOver(l.Context(), even); err != nil {
			t.Fatal(err)
		}
		a.m.Release(even)
		a.pass(time.Second)
		if !begins(a, 6) { // whose it is by now is for others to say
			t.Error("guild 6 does not begin after the hand-over")
		}
		if err := a.m.HandOver(l.Context(), even); err != nil {
			t.Fatal(err)
		}
		if err := a.m.Revive(l.Context(), player.Pace{Guilds: even}); err != nil { // they have come back, before anybody said that they were gone
			t.Fatal(err)
		}
		if !begins(a, 8) {
			t.Error("guild 8 does not begin when it has come back")
		}
		a.end()
	})
}

// TestAClockThatIsWrong misplaces the sound by the time between heartbeats, and no more.
func TestAClockThatIsWrong(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	s := session.Saved{
		Place: session.Place{Position: time.Minute, Speed: 2, At: at}, Beat: at.Add(10 * time.Second),
	}
	for skew, want := range map[time.Duration]time.Duration{
		-time.Hour: 0, 0: 0, 300 * time.Millisecond: 600 * time.Millisecond, time.Hour: 3 * time.Second,
	} {
		if got := s.Running(s.Beat.Add(skew)); got != 80*time.Second+want {
			t.Errorf("by a clock that says %v it is at %v", skew, got)
		}
	}
	s.Beat = time.Time{}
	if got := s.Running(at.Add(time.Second)); got != 62*time.Second {
		t.Errorf("without a heartbeat it is at %v", got)
	}
}
