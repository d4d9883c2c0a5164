package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"busker/cluster"
	"busker/cmd/busker/internal/app"
	"busker/gateway"
	"busker/internal/fault"
	"busker/internal/telemetry"
)

// TestADrainingProcessWantsNoWork has it hand its shard to a member that hesitates.
func TestADrainingProcessWantsNoWork(t *testing.T) {
	t.Parallel()
	var tel *telemetry.Telemetry
	ready := func() bool {
		w := httptest.NewRecorder()
		tel.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		return w.Code == http.StatusOK
	}
	shared := cluster.Local()
	s := newStage(t, func(o *app.Options) {
		o.Cluster, o.DrainTimeout, tel = shared, 3*time.Second, o.Telemetry
	})
	for !ready() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.ctx.Done():
			t.Fatal("never ready")
		}
	}
	const other = "hesitant"
	if err := shared.Members.Announce(s.ctx, cluster.Member{ID: other, Role: gateway.RoleGateway, Started: time.Now()}, time.Hour); err != nil {
		t.Fatal(err)
	}
	var offers, eager atomic.Int32
	serving, stopServing := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	go func() {
		done <- shared.Bus.Serve(serving, "member/"+other, cluster.Server{
			Consumer: other, Handle: func(context.Context, cluster.Message) ([]byte, error) {
				offers.Add(1)
				if ready() {
					eager.Add(1)
				}
				return nil, fault.New(fault.Busy, "Not now.")
			},
		})
	}()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	stopServing()
	<-done
	if offers.Load() == 0 || eager.Load() > 0 {
		t.Errorf("%d offers, %d of them while work was wanted", offers.Load(), eager.Load())
	}
}
