package player

import (
	"context"
	"slices"

	"busker/queue"
	"busker/session"
)

type commandKey struct{}

// WithCommandID returns a context whose command is carried out once: a player that has
// carried out one with the same id changes nothing and answers with what it did then. The
// newest 64 of a guild are remembered, also by the next process where they changed what is
// kept. The id is anybody's choice, and no two commands of a guild may share it; ctx is for
// one Do, repeated as often as it takes. What was refused may be tried again.
func WithCommandID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, commandKey{}, id)
}

// CommandIDOf returns the id of ctx's command, "" for none.
func CommandIDOf(ctx context.Context) string {
	id, _ := ctx.Value(commandKey{}).(string)
	return id
}

// deed is a command that was carried out.
type deed struct {
	id      string
	outcome Outcome
	saved   session.Receipt
}

// deeds are what a player remembers of the commands it has carried out.
type deeds struct {
	newest []*deed // oldest first, at most session.MaxApplied
	last   uint64  // number of the newest one that is kept
	step   []*deed // of the present step
	unkept []*deed // those the Memory does not have and shall have with the next change
}

func (d *deeds) find(id string) *deed {
	if id == "" {
		return nil
	}
	for _, one := range slices.Backward(d.newest) {
		if one.id == id {
			return one
		}
	}
	return nil
}

// add remembers what was carried out just now.
func (d *deeds) add(id string, outcome Outcome) *deed {
	one := &deed{id: id, outcome: outcome}
	d.newest, d.step, d.unkept = remember(d.newest, one), append(d.step, one), remember(d.unkept, one)
	return one
}

func remember(list []*deed, one *deed) []*deed {
	if len(list) == session.MaxApplied {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, one)
}

// recall takes up what an earlier player of the guild has carried out.
func (d *deeds) recall(kept []session.Applied) {
	mine := d.newest
	d.newest = nil
	for i := range kept {
		a := &kept[i]
		d.newest = remember(d.newest, &deed{id: a.Command, outcome: Outcome{
			Added: a.Added, First: a.First, Dropped: a.Dropped, Undone: a.Undone,
		}})
		d.last = max(d.last, a.N)
	}
	for _, one := range mine {
		d.newest = remember(d.newest, one)
	}
}

// hand returns what the Memory shall keep together with a change.
func (d *deeds) hand() (list []session.Applied) {
	for _, one := range d.unkept {
		d.last++
		o := one.outcome
		list = append(list, session.Applied{
			N: d.last, Command: one.id, Added: o.Added, First: o.First, Dropped: nameless(o.Dropped), Undone: o.Undone,
		})
	}
	d.unkept = nil
	return list
}

// settle notes how the commands of a step are being kept.
func (d *deeds) settle(saved session.Receipt) {
	for _, one := range d.step {
		one.saved = saved
	}
	d.step = nil
}

// namedItems is up to how many items one may want to name that were dropped; of more it is
// the number that counts.
const namedItems = 16

// nameless returns items without who asked for them, which is not to be kept twice.
func nameless(items []*queue.Item) []*queue.Item {
	if len(items) == 0 {
		return nil
	}
	list := make([]*queue.Item, 0, len(items))
	for _, it := range items {
		one := &queue.Item{ID: it.ID}
		if len(items) <= namedItems {
			one.Track = it.Track
		}
		list = append(list, one)
	}
	return list
}

// repeat answers r when it was carried out before.
func (p *player) repeat(r request) bool {
	d := p.deeds.find(r.id)
	if d == nil {
		return false
	}
	p.opts.Metrics.repeated.Inc()
	var err error
	if p.forgetful() {
		err = ErrUnkept
	}
	p.answers = append(p.answers, func(s Status, _ session.Receipt) {
		s.Outcome = d.outcome
		s.Repeated = true
		r.reply <- answer{s, err, d.saved}
	})
	return true
}

// same reports whether r is other, or another try of it.
func (r request) same(other request) bool {
	return r.reply == other.reply || r.id != "" && r.id == other.id
}
