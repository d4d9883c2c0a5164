package member_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"busker/cluster"
	"busker/cmd/busker/internal/member"
	"busker/internal/bubble"
	"busker/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// list is a list of members: a field of its own name would hide the method.
type list = cluster.Members

// roll is one that can be out of reach.
type roll struct {
	list
	off atomic.Bool
}

func (r *roll) Announce(ctx context.Context, m cluster.Member, ttl time.Duration) error {
	if r.off.Load() {
		return cluster.ErrUnreachable
	}
	return r.list.Announce(ctx, m, ttl)
}

func TestTakesPart(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		tel, err := telemetry.New(telemetry.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := cluster.Local()
		members := &roll{list: c.Members}
		c.Members = members
		m := member.New(member.Options{
			Cluster: c, RunCluster: func(ctx context.Context) error { <-ctx.Done(); return nil },
			Telemetry: tel, Name: "desk", Role: "api", Version: "v1",
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx) }()
		look := func(step string, there int, ready bool) {
			t.Helper()
			<-time.After(10 * time.Second)
			synctest.Wait()
			all, err := c.Members.Members(t.Context())
			if err != nil || len(all) != there || there == 1 && (all[0].ID != "desk" || all[0].Role != "api" || all[0].Version != "v1") {
				t.Errorf("%s: %+v, %v", step, all, err)
			}
			w := httptest.NewRecorder()
			tel.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
			if (w.Code == http.StatusOK) != ready {
				t.Errorf("%s: /readyz %d", step, w.Code)
			}
		}
		look("at work", 1, true)
		members.off.Store(true)
		look("out of reach", 0, false)
		members.off.Store(false)
		look("back", 1, true)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		look("gone", 0, false)
	})
}
