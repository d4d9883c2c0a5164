package line_test

import (
	"errors"
	"testing"
	"time"

	"busker/voice/line"
	"busker/voice/pace"
	"busker/voice/rtp"
)

// wire is a Socket that keeps the newest datagram.
type wire struct{ newest []byte }

func (w *wire) Queue(_ int, datagram []byte) { w.newest = datagram }

// TestPathFallsSilent: a media server that answered keepalives and stops is given up
// 5 to 10 s later; one that never answered is left alone.
func TestPathFallsSilent(t *testing.T) {
	reply := func(n uint32) []byte { return rtp.AppendKeepaliveReply(nil, n) }
	if5 := func(n uint32) []byte {
		if n <= 5 {
			return reply(n)
		}
		return nil
	}
	for name, tt := range map[string]struct {
		answers func(n uint32) []byte // nil: none
		want    time.Duration         // after the start; 0: never
	}{
		"never answered":      {func(uint32) []byte { return nil }, 0},
		"always answered":     {reply, 0},
		"one in three":        {func(n uint32) []byte { return map[bool][]byte{true: reply(n)}[n%3 == 0] }, 0},
		"a loop behind":       {func(n uint32) []byte { return reply(n - 1) }, 0},
		"answers end":         {if5, 35 * time.Second},
		"others' noise":       {func(uint32) []byte { return []byte("\x80\x78not for us") }, 0},
		"noise in its place":  {func(n uint32) []byte { return map[bool][]byte{true: reply(n), false: make([]byte, 9)}[n <= 5] }, 35 * time.Second},
		"answers to nothing":  {func(n uint32) []byte { return reply(n + 1<<31 - 1) }, 0},
		"and then silence":    {func(n uint32) []byte { return map[bool][]byte{true: reply(1000), false: nil}[n <= 2] }, 0},
		"and one right after": {func(n uint32) []byte { return map[uint32][]byte{1: reply(1000), 2: reply(2)}[n] }, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var lost error
			w := &wire{}
			link := line.NewLink(line.LinkOptions{Socket: w, Sealer: newSealer(t), Lose: func(err error) { lost = err }})
			l := line.New(line.Options{})
			l.SetLink(link)
			for frame := range int64(2 * time.Minute / pace.Frame) {
				w.newest = nil
				l.Tick(pace.Turn{})
				if at := time.Duration(frame+1) * pace.Frame; lost != nil {
					if at != tt.want || !errors.Is(lost, line.ErrPath) {
						t.Errorf("given up after %v: %v", at, lost)
					}
					return
				}
				if n, ok := rtp.ParseKeepalive(w.newest); ok {
					if b := tt.answers(n); b != nil {
						link.Heard(b)
					}
				}
			}
			if tt.want != 0 {
				t.Error("not given up")
			}
		})
	}
}

// TestRefusals: three in a row give the way up, what is heard between forgives them.
func TestRefusals(t *testing.T) {
	var lost error
	link := line.NewLink(line.LinkOptions{Socket: &wire{}, Sealer: newSealer(t), Lose: func(err error) { lost = err }})
	link.Refused()
	link.Refused()
	link.Heard([]byte("hello"))
	link.Refused()
	link.Refused()
	if lost != nil {
		t.Fatalf("given up early: %v", lost)
	}
	link.Refused()
	if !errors.Is(lost, line.ErrPath) {
		t.Errorf("lost: %v", lost)
	}
	lost = nil
	link.Lost(errors.New("no socket"))
	if !errors.Is(lost, line.ErrPath) {
		t.Errorf("lost with its socket: %v", lost)
	}
}
