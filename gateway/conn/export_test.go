package conn

import (
	"context"
	"encoding/json"
)

// Pace opens the limit of one connection to tests of it.
type Pace struct{ p *pace }

// NewPace returns the limit of a connection that sent nothing.
func NewPace() Pace { return Pace{newPace()} }

// Turn waits until a command may go.
func (p Pace) Turn(ctx context.Context, urgent bool, gone <-chan struct{}) error {
	return p.p.turn(ctx, urgent, gone)
}

// Beat counts a heartbeat; false when it has no room.
func (p Pace) Beat() bool { return p.p.beat() }

// Inflate unpacks some messages, and returns the texts of those that are whole.
func Inflate(compression string, most int, messages ...[]byte) (texts [][]byte, err error) {
	in := newInflater[compression]()
	defer in.close()
	for _, m := range messages {
		text, whole, err := in.inflate(m, most)
		if err != nil {
			return texts, err
		}
		if whole {
			texts = append(texts, append([]byte(nil), text...))
		}
	}
	return texts, nil
}

// Inflater opens what unpacks a connection's messages to benchmarks.
func Inflater(compression string) (inflate func([]byte) ([]byte, error), end func()) {
	in := newInflater[compression]()
	return func(m []byte) ([]byte, error) {
		text, _, err := in.inflate(m, 32<<20)
		return text, err
	}, in.close
}

// Frame is a message of Discord's as it was read.
type Frame struct{ f frame }

// Parse reads a message into f, whose memory it uses again.
func (f *Frame) Parse(text []byte) (op int, seq int64, event string, data json.RawMessage, err error) {
	err = f.f.parse(text)
	return f.f.Op, f.f.S, f.f.T, f.f.D, err
}
