package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/gateway"
	"busker/internal/bubble"
)

// TestARefusedShardLeavesTheOthers: Discord will not have one shard any more, and the other
// goes on, as do those who come later. The operator hears of it.
func TestARefusedShardLeavesTheOthers(t *testing.T) {
	t.Parallel()
	for _, code := range []int{4010, 4011} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			up := make(chan struct{})
			script := func(p *peer) {
				p.hello(time.Minute)
				var said struct{ Shard [2]int }
				_ = json.Unmarshal(p.expect(2).Data, &said)
				if said.Shard[0] == 0 {
					p.ready("")
					p.send(`{"op":0,"s":2,"t":"GUILD_CREATE","d":{"id":"1"}}`)
				} else {
					<-up
					p.close(code)
				}
				p.stay()
			}
			d := newDiscord(t, script, script, script)
			d.limit.ResetAfter = 3600_000
			var log lines
			opts := d.options()
			opts.Shards, opts.Cluster = 2, cluster.Local()
			opts.OnOwn = func(gateway.Owned) { close(up) }
			opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
			g, stop := run(t, opts)
			if err := g.WaitReady(soon(t)); err != nil {
				t.Error(err)
			}
			if !g.Online(1) || g.Online(1<<22) {
				t.Error("the wrong shard goes on")
			}
			opts.OnOwn = nil
			late, stopLate := run(t, opts) // tries it, too
			if err := late.WaitReady(soon(t)); err != nil {
				t.Error(err)
			}
			for _, stop := range []func() error{stopLate, stop} {
				if err := stop(); err != nil {
					t.Errorf("stopped with %v", err)
				}
			}
			if !strings.Contains(log.String(), fmt.Sprint(code)) || !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("the operator does not hear of it:\n%s", log.String())
			}
			if n := d.count.Load(); n != 3 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// TestARefusalIsNoStop: the error of a connection that Discord closed for good may well
// tell of something that was canceled. It ends Run all the same.
func TestARefusalIsNoStop(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 1, "a")
		a := w.members[0]
		refused := fmt.Errorf("refused, while a read was under way: %w", context.Canceled)
		a.mu.Lock()
		a.fail["0/1"] = refused
		a.mu.Unlock()
		if err := <-a.done; !errors.Is(err, refused) {
			t.Errorf("stopped with %v", err)
		}
		a.kill()
	})
}

// lines are what was logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
