package gateway_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	eg "busker/emulator/gateway"
)

// asking counts how often Discord is asked how to connect.
type asking struct {
	http.RoundTripper
	asked atomic.Int32
}

func (a *asking) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/gateway/bot") {
		a.asked.Add(1)
	}
	return a.RoundTripper.RoundTrip(r)
}

// Discord takes the question twice in five seconds, of however many processes.
func TestProcessesThatStartTogetherAskOnce(t *testing.T) {
	f := newFleetOf(t, 3, 3)
	count := &asking{RoundTripper: f.opts.Transport}
	f.opts.Transport = count
	all := []*process{f.start(t, "a"), f.start(t, "b"), f.start(t, "c")}
	for _, p := range all {
		if err := p.WaitReady(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
	if n := count.asked.Load(); n != 1 {
		t.Errorf("Discord was asked %d times", n)
	}
}

// A process that is alone shares what it has heard with itself.
func TestAProcessAsksOnce(t *testing.T) {
	s := newSquare(t, eg.Limits{})
	count := &asking{RoundTripper: s.opts.Transport}
	s.opts.Transport = count
	s.login(t)
	if n := count.asked.Load(); n != 1 {
		t.Errorf("Discord was asked %d times", n)
	}
}
