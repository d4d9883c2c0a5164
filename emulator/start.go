package emulator

import (
	"context"

	"busker/emulator/voiceserver"
)

// TB is what Start needs of a testing.TB.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}

// Start runs an emulator until the test's clean-ups, which run in reverse order:
// what the test starts later ends earlier. The test fails when Run does, or when
// a voice server saw a client break the protocol (unless Options.Lenient). Bursts
// are only logged: a machine that was busy for a moment makes them too.
func Start(t TB, opts ...Options) *Emulator {
	t.Helper()
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	e, err := New(o)
	if err != nil {
		t.Fatalf("start the emulator: %v", err)
	}
	// Not the test's own context: that one ends before the clean-ups of clients.
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("emulator: %v", err)
		}
		for route, n := range e.rest.Stats().Limited {
			t.Logf("rate limit broken %d times: %s", n, route) // a client may have meant to
		}
		for _, v := range e.voice.Violations() {
			report := t.Errorf
			if o.Lenient || v.Kind == voiceserver.Burst {
				report = t.Logf
			}
			report("voice protocol broken: %s: %s (user %v)", v.Kind, v.Detail, v.User)
		}
	})
	return e
}
