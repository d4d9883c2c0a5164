package standing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"busker/cluster"
	"busker/cmd/busker/internal/standing"
	"busker/internal/bubble"
)

var update = flag.Bool("update", false, "write the golden file anew")

// scene is a cluster of two processes, one of which drains, with a shard of one that is gone.
func scene(ctx context.Context, t *testing.T) *cluster.Cluster {
	t.Helper()
	c := cluster.Local()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []cluster.Member{
		{ID: "gw-1", Role: "gateway", Host: "ash", Version: "v1", Started: time.Now().Add(-50 * time.Hour), Shards: 1, Guilds: 120, Players: 9, Playing: 7, Load: .31},
		{ID: "gw-2", Role: "gateway", Host: "elm", Version: "v1", Started: time.Now().Add(-5 * time.Minute), Shards: 1, Guilds: 80, Players: 2, Playing: 1, Load: .05, Draining: true},
		{ID: "w", Role: "worker", Host: "oak", Version: "v1", Started: time.Now().Add(-7 * time.Second)},
	} {
		must(c.Members.Announce(ctx, m, time.Minute))
	}
	_, err := c.Cache.Swap(ctx, "layout", nil, []byte(`{"shards":5}`))
	must(err)
	for i, owner := range []string{"gw-1", "gw-1", "gw-2", "gone"} {
		grant, err := c.Leases.Acquire(ctx, "shard/5/"+string(rune('0'+i)), owner, 3*time.Second)
		must(err)
		if i != 1 {
			note, _ := json.Marshal(map[string]any{"token": grant.Token, "up": true, "active": true})
			must(c.Leases.Note(ctx, grant.Lease, note))
		}
	}
	must(c.Bus.Send(ctx, "shard/5/0", cluster.Message{Kind: "skip", Key: "1"}))
	return c
}

func TestPrint(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		s, err := standing.Take(t.Context(), scene(t.Context(), t))
		if err != nil {
			t.Fatal(err)
		}
		s.Ping, s.Redis = .0004, map[string]string{"version": "7.0.15", "memory_used": "1.2M"}
		var got bytes.Buffer
		if err := s.Print(&got); err != nil {
			t.Fatal(err)
		}
		const golden = "testdata/status.txt"
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s\nis not what %s has (%v)", got.String(), golden, err)
		}
	})
}

func TestPrintJSON(t *testing.T) {
	s, err := standing.Take(t.Context(), scene(t.Context(), t))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := s.PrintJSON(&text); err != nil {
		t.Fatal(err)
	}
	var back standing.Standing
	if err := json.Unmarshal(text.Bytes(), &back); err != nil || len(back.Members) != 3 || len(back.Each) != 5 || len(back.Topics) != 1 {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestManyShardsAreSummedUp(t *testing.T) {
	s := standing.Standing{Shards: 100}
	for i := range 100 {
		e := standing.Shard{Shard: i, Of: 100, Owner: "a", State: standing.Up}
		if i == 42 {
			e.Owner, e.State = "", standing.Free
		}
		s.Each = append(s.Each, e)
	}
	var b strings.Builder
	if err := s.Print(&b); err != nil || !strings.Contains(b.String(), "99 of 100 shards up") || strings.Count(b.String(), "\n") > 8 || !strings.Contains(b.String(), "42     nobody") {
		t.Errorf("%s (%v)", b.String(), err)
	}
}

// TestProcessesOfOneName are told apart, and so is one that is gone from the one after it.
func TestProcessesOfOneName(t *testing.T) {
	s := standing.Standing{
		Shards:  3,
		Members: []standing.Member{{ID: "gw-1.aaaaaa"}, {ID: "gw-1.bbbbbb"}, {ID: "gw-2.cccccc"}},
		Each:    []standing.Shard{{Shard: 0, Of: 3, Owner: "gw-1.aaaaaa"}, {Shard: 1, Of: 3, Owner: "gw-2.cccccc"}, {Shard: 2, Of: 3, Owner: "gw-2.dddddd"}},
	}
	var b strings.Builder
	if err := s.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\ngw-1.aaaaaa ", "\ngw-1.bbbbbb ", "\ngw-2 ", "0      gw-1.aaaaaa ", "1      gw-2 ", "2      gw-2.dddddd "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s\nhas no %q", b.String(), want)
		}
	}
}

// TestTopicsOfProcessesThatHaveEnded are nobody's business.
func TestTopicsOfProcessesThatHaveEnded(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := scene(t.Context(), t)
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() {
			served <- c.Bus.Serve(ctx, "member/gone", cluster.Server{Handle: func(context.Context, cluster.Message) ([]byte, error) { return nil, nil }})
		}()
		synctest.Wait()
		count := func(want int) {
			t.Helper()
			if s, err := standing.Take(t.Context(), c); err != nil || len(s.Topics) != want {
				t.Errorf("%+v, %v", s.Topics, err)
			}
		}
		count(2)
		cancel()
		<-served
		count(1)
	})
}
