package interop_test

import (
	"testing"

	"busker/emulator/interop"
	"busker/internal/snowflake"
)

// davey is a process that holds any number of @snazzah/davey members. Commands are
// queued and run by flush, in one batch.
type davey struct {
	t     *testing.T
	node  *interop.Node
	calls []call
	then  []func(answer)
}

// call is one command to davey; dave.mjs lists them.
type call struct {
	Do      string         `json:"do"`
	As      snowflake.ID   `json:"as"`
	Channel snowflake.ID   `json:"channel,omitzero"`
	From    snowflake.ID   `json:"from,omitzero"`
	Known   []snowflake.ID `json:"known,omitempty"`
	Data    []byte         `json:"data,omitempty"`
	Count   int            `json:"count,omitempty"`
	Seconds int            `json:"seconds,omitempty"`
}

// answer is what came of it. Error is what davey threw.
type answer struct {
	Data, Commit, Welcome []byte
	Epoch                 uint64
	Leaf                  int
	Ready                 bool
	Code                  string
	Users                 []snowflake.ID
	Error                 string
}

func newDavey(t *testing.T, opts interop.Options) *davey {
	t.Helper()
	return &davey{t: t, node: interop.Start(t, "dave.mjs", opts)}
}

// queue adds a command; then gets its answer, and nil means that it must not fail.
func (d *davey) queue(c call, then func(answer)) {
	if then == nil {
		then = func(a answer) { d.demand(c, a) }
	}
	d.calls, d.then = append(d.calls, c), append(d.then, then)
}

func (d *davey) demand(c call, a answer) {
	d.t.Helper()
	if a.Error != "" {
		d.t.Fatalf("davey as %v, %s: %s", c.As, c.Do, a.Error)
	}
}

// flush runs what is queued, in order, and what the answers queue.
func (d *davey) flush() {
	d.t.Helper()
	for len(d.calls) > 0 {
		d.node.Send(d.calls)
		var reply struct{ Answers []answer }
		d.node.Event("answers", &reply)
		if len(reply.Answers) != len(d.calls) {
			d.t.Fatalf("%d answers to %d commands", len(reply.Answers), len(d.calls))
		}
		then := d.then
		d.calls, d.then = nil, nil
		for i, a := range reply.Answers {
			then[i](a)
		}
	}
}

// ask runs one command at once, which must not fail.
func (d *davey) ask(c call) (result answer) {
	d.t.Helper()
	d.queue(c, func(a answer) { d.demand(c, a); result = a })
	d.flush()
	return result
}
