package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"busker/internal/fault"
	"busker/track"
)

// TestRedirectFromPublicToPrivateIsRefused plays a public server on loopback: the
// first hop alone is dialled past the guard, everything after it through the guard.
func TestRedirectFromPublicToPrivateIsRefused(t *testing.T) {
	var hits atomic.Int32
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer private.Close()
	_, port, err := net.SplitHostPort(private.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	}))
	defer public.Close()

	s := New(Options{})
	defer s.Close()
	transport := s.client.Transport.(*http.Transport)
	guarded := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "public.example:80" {
			return new(net.Dialer).DialContext(ctx, network, public.Listener.Addr().String())
		}
		return guarded(ctx, network, address)
	}
	for _, to := range []string{
		"http://127.0.0.1:" + port, "http://localhost:" + port, "http://[::1]:" + port, "http://[::ffff:127.0.0.1]:" + port,
		"http://0.0.0.0:" + port, "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[fe80::1]/",
	} {
		for _, hop := range []string{to, "http://public.example/?to=" + to} { // at once, and a hop later
			_, err := s.Resolve(t.Context(), track.Query{Text: "http://public.example/?to=" + hop})
			if m, _ := fault.Message(err); fault.KindOf(err) != fault.Denied || !strings.Contains(m, "private address") {
				t.Errorf("%s: %v", hop, err)
			}
			if r, err := s.Open(t.Context(), track.Track{Source: Name, URI: "http://public.example/?to=" + hop}, 0); err == nil {
				t.Errorf("%s: opened", hop)
				_ = r.Close()
			}
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("the private server was asked %d times", n)
	}
}
