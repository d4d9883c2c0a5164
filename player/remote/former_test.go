package remote_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"busker/cluster"
	"busker/internal/bubble"
	"busker/player"
	"busker/player/remote"
)

// backlog is a process whose events have waited for the bus.
type backlog struct {
	remote.Local
	events chan player.Envelope
}

func (b backlog) Subscribe(int) (<-chan player.Envelope, func()) { return b.events, func() {} }

// TestNobodySpeaksForAGuildThatIsLost, neither to others nor here: what is still to be told
// of it is older than what its owner tells.
func TestNobodySpeaksForAGuildThatIsLost(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		token := func(g player.GuildID) uint64 {
			if g == 7 {
				return 0
			}
			return 5
		}
		bus := cluster.Local().Bus
		run := func(process string, do func(backlog)) {
			local := backlog{events: make(chan player.Envelope, 10)}
			do(local)
			for _, g := range []player.GuildID{7, 8} {
				local.events <- player.Envelope{Guild: g, Event: player.VolumeChanged{Percent: int(g)}}
			}
			synctest.Wait()
			close(local.events)
		}
		listener, err := remote.New(remote.Options{Process: "c", Directory: newTown(t, nil), Bus: bus})
		if err != nil {
			t.Fatal(err)
		}
		elsewhere, cancel := listener.Subscribe(10)
		defer cancel()
		var running sync.WaitGroup
		defer running.Wait()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		run("a", func(local backlog) {
			s, err := remote.NewServer(remote.ServerOptions{Process: "a", Local: local, Token: token, Bus: bus})
			if err != nil {
				t.Fatal(err)
			}
			running.Go(func() { _ = listener.Run(ctx) })
			synctest.Wait()
			running.Go(func() { _ = s.Run(ctx) })
		})
		var here <-chan player.Envelope
		run("b", func(local backlog) {
			d, err := remote.New(remote.Options{Process: "b", Local: local, Token: token, Directory: newTown(t, nil), Bus: bus})
			if err != nil {
				t.Fatal(err)
			}
			here, _ = d.Subscribe(10)
			running.Go(func() { _ = d.Run(ctx) })
		})
		synctest.Wait()
		for name, events := range map[string]<-chan player.Envelope{"elsewhere": elsewhere, "here": here} {
			if got := heard(events); len(got) != 1 || len(got[8]) != 1 {
				t.Errorf("%s: heard %v", name, got)
			}
		}
	})
}
