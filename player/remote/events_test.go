package remote_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"

	"busker/player"
	"busker/player/remote"
	"busker/track"
)

// heard returns the volumes events told of so far, by guild.
func heard(events <-chan player.Envelope) map[player.GuildID][]int {
	synctest.Wait()
	volumes := map[player.GuildID][]int{}
	for {
		select {
		case e, open := <-events:
			if !open {
				return volumes
			}
			if v, ok := e.Event.(player.VolumeChanged); ok {
				volumes[e.Guild] = append(volumes[e.Guild], v.Percent)
			}
		default:
			return volumes
		}
	}
}

func (w *town) volume(d *remote.Doer, guild player.GuildID, percent int) {
	w.Helper()
	_, err := d.Do(w.ctx, guild, player.Volume{Percent: percent})
	w.no(err)
}

func TestEventsComeFromAllProcessesOnceAndInOrder(t *testing.T) {
	local(t, func(w *town) {
		a, b := w.process("a"), w.process("b")
		registry := prometheus.NewRegistry()
		c, err := remote.New(remote.Options{Directory: w, Bus: w.bus, Metrics: remote.NewMetrics(registry)})
		w.no(err)
		w.live.Go(func() { _ = c.Run(w.ctx) })
		a.own()
		synctest.Wait()
		all := map[string]<-chan player.Envelope{}
		for name, d := range map[string]*remote.Doer{"the owner": a.doer, "the next": b.doer, "an onlooker": c} {
			events, cancel := d.Subscribe(1000)
			defer cancel()
			all[name] = events
		}
		slow, cancel := c.Subscribe(3)
		defer cancel()
		want := map[player.GuildID][]int{}
		for n := 1; n <= 60; n++ {
			guild := player.GuildID(n%3 + 1)
			w.volume(a.doer, guild, n)
			want[guild] = append(want[guild], n)
			if n == 30 {
				synctest.Wait()
				a.handOver(b)
			}
		}
		for name, events := range all {
			if got := heard(events); !sameVolumes(got, want) {
				t.Errorf("%s heard %v, want %v", name, got, want)
			}
		}
		if n := len(slow); n != 3 {
			t.Errorf("who does not listen has %d events", n)
		}
		if received, dropped := fate(t, registry, "received"), fate(t, registry, "dropped"); received < 60 || dropped != received-3 {
			t.Errorf("%v events received, %v dropped", received, dropped)
		}
		cancel()
		cancel()
	})
}

// fate returns how many events went one way.
func fate(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "busker_remote_events_total" && m.GetLabel()[0].GetValue() == name {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func sameVolumes(a, b map[player.GuildID][]int) bool {
	for guild := range b {
		if !slices.Equal(a[guild], b[guild]) {
			return false
		}
	}
	return len(a) == len(b)
}

func TestEventsOfAFormerOwnerAreDropped(t *testing.T) {
	local(t, func(w *town) {
		c := w.doer()
		w.live.Go(func() { _ = c.Run(w.ctx) })
		synctest.Wait()
		events, cancel := c.Subscribe(100)
		defer cancel()
		for _, one := range []struct {
			token  uint64
			volume int
		}{{5, 1}, {5, 2}, {6, 3}, {5, 4}, {0, 5}, {6, 6}} {
			w.publish(one.token, player.Envelope{Guild: 7, Event: player.VolumeChanged{Percent: one.volume}})
		}
		w.publish(1, player.Envelope{Guild: 8, Event: player.VolumeChanged{Percent: 7}})
		w.no(w.bus.Publish(w.ctx, "events", "event", []byte(`{"kind":"later"}`)))
		if got := heard(events); !sameVolumes(got, map[player.GuildID][]int{7: {1, 2, 3, 5, 6}, 8: {7}}) {
			t.Errorf("heard %v", got)
		}
	})
}

// publish has some process tell an event.
func (w *town) publish(token uint64, e player.Envelope) {
	w.Helper()
	b, err := remote.MarshalNews("other", token, e)
	w.no(err)
	w.no(w.bus.Publish(w.ctx, "events", "event", b))
	synctest.Wait()
}

func TestEventsCarryNoLongQueues(t *testing.T) {
	local(t, func(w *town) {
		a := w.process("a")
		a.own()
		c := w.doer()
		w.live.Go(func() { _ = c.Run(w.ctx) })
		synctest.Wait()
		events, cancel := c.Subscribe(100)
		defer cancel()
		long := make([]track.Track, 3000)
		for i := range long {
			long[i] = song(1, i)
		}
		_, err := a.doer.Do(w.ctx, 7, player.Play{Tracks: long, Channel: lobby})
		w.no(err)
		synctest.Wait()
		seen := 0
		for len(events) > 0 {
			e := <-events
			if _, changed := e.Event.(player.QueueChanged); changed {
				seen++
				if len(e.Status.Queue) != remote.EventItems || e.Status.Upcoming != 2999 || e.Status.Queue[0].Track.URI != "1/1" {
					t.Errorf("%d of %d upcoming", len(e.Status.Queue), e.Status.Upcoming)
				}
			}
		}
		if seen != 1 {
			t.Errorf("%d events", seen)
		}
	})
}

func TestSubscriptionsEndWithRun(t *testing.T) {
	local(t, func(w *town) {
		a := w.process("a")
		synctest.Wait()
		events, cancel := a.doer.Subscribe(1)
		a.stop()
		synctest.Wait()
		if _, open := <-events; open {
			t.Error("an event")
		}
		cancel()
		late, _ := a.doer.Subscribe(1)
		if _, open := <-late; open {
			t.Error("an event")
		}
	})
}
