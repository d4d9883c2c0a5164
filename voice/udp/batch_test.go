package udp_test

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"busker/voice/udp"
)

// TestWhatDoesNotFitIsDroppedAlone: an error is that of its datagram only.
func TestWhatDoesNotFitIsDroppedAlone(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := newSockets(t, udp.Options{Metrics: udp.NewMetrics(registry)})
	server := newServer(t, "127.0.0.1")
	stream, _ := open(t, s, server)
	huge, gone := make([]byte, 70_000), newServer(t, "127.0.0.1")
	closing, _ := open(t, s, gone)
	for _, b := range [][]byte{[]byte("a"), huge, []byte("b"), nil, huge, []byte("c")} {
		stream.Queue(0, b)
	}
	closing.Queue(0, []byte("of a closed stream"))
	closing.Close()
	s.Flush(0)
	var got []string
	for range 3 {
		text, _ := server.next()
		got = append(got, text)
	}
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
	for reason, want := range map[string]float64{"closed": 2, "other": 2, "full": 0} {
		if n := count(t, registry, "busker_udp_dropped_total", reason); n != want {
			t.Errorf("%v dropped as %s, want %v", n, reason, want)
		}
	}
}

// count returns what a counter says, of the label's value if there is one.
func count(t testing.TB, registry *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s %s", name, label)
	return 0
}

// TestABatchIsAnyNumber of datagrams.
func TestABatchIsAnyNumber(t *testing.T) {
	s := newSockets(t, udp.Options{})
	server := newServer(t, "127.0.0.1")
	if err := server.SetReadBuffer(1 << 20); err != nil {
		t.Fatal(err)
	}
	stream, _ := open(t, s, server)
	for _, n := range []int{0, 1, 2, 63, 64, 65, 130} {
		for i := range n {
			stream.Queue(0, []byte{byte(i)})
		}
		s.Flush(0)
		for i := range n {
			if got, _ := server.next(); got != string([]byte{byte(i)}) {
				t.Fatalf("datagram %d of %d is %q", i, n, got)
			}
		}
	}
}

func TestFlushAllocatesNothing(t *testing.T) {
	for kind, opts := range kinds {
		s := newSockets(t, opts)
		var streams []*udp.Stream
		for range 30 {
			stream, _ := open(t, s, newServer(t, "127.0.0.1"))
			streams = append(streams, stream)
		}
		datagram := make([]byte, 300)
		if n := testing.AllocsPerRun(100, func() {
			for _, stream := range streams {
				stream.Queue(0, datagram)
			}
			s.Flush(0)
		}); n != 0 {
			t.Errorf("%s: %v allocations per flush", kind, n)
		}
	}
}
