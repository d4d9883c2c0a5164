package clustertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"busker/cluster"

	"pgregory.net/rapid"
)

// modelled is what the model knows of a lease.
type modelled struct {
	owner string // "" = released
	token uint64
	until time.Time
	note  string
	past  []cluster.Lease // everything ever granted for the key
}

func (l *modelled) current(of cluster.Lease) bool { return l.owner == of.Owner && l.token == of.Token }

func (l *modelled) held() bool { return l.owner != "" && time.Now().Before(l.until) }

// modelOfLeases does anything in any order, and compares with what should follow.
func modelOfLeases(t *testing.T, r Rig) {
	c := r.Open(t)
	run := 0
	rapid.Check(bubbled{t}, func(rt *rapid.T) {
		run++
		m := &model{t: t, c: c, rig: r, prefix: fmt.Sprintf("model/%d/", run), leases: map[string]*modelled{}, ttl: time.Hour}
		if r.Instant {
			m.ttl = ttl
		}
		for _, key := range []string{"x", "y"} {
			m.leases[m.prefix+key] = &modelled{}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"acquire":  m.acquire,
			"renew":    m.renew,
			"release":  m.release,
			"transfer": m.transfer,
			"note":     m.note,
			"advance":  m.advance,
			"":         m.check,
		})
	})
}

// bubbled is a test without a deadline, which none has in a synctest bubble.
type bubbled struct{ rapid.TB }

type model struct {
	t      *testing.T
	c      *cluster.Cluster
	rig    Rig
	ttl    time.Duration
	prefix string
	leases map[string]*modelled
	newest uint64
}

func (m *model) draw(rt *rapid.T) (key, owner string) {
	return m.prefix + rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "key"),
		rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "owner")
}

// drawPast draws a lease that was granted once, now current or not.
func (m *model) drawPast(rt *rapid.T) (cluster.Lease, *modelled) {
	key, _ := m.draw(rt)
	l := m.leases[key]
	if len(l.past) == 0 {
		rt.Skip("never granted")
	}
	return rapid.SampledFrom(l.past).Draw(rt, "lease"), l
}

func (m *model) granted(rt *rapid.T, l *modelled, lease cluster.Lease) {
	if lease.Token <= m.newest {
		rt.Fatalf("granted %d after %d", lease.Token, m.newest)
	}
	m.newest = lease.Token
	l.owner, l.token, l.until = lease.Owner, lease.Token, time.Now().Add(m.ttl)
	l.past = append(l.past, lease)
}

func (m *model) acquire(rt *rapid.T) {
	key, owner := m.draw(rt)
	l := m.leases[key]
	g, err := m.c.Leases.Acquire(m.t.Context(), key, owner, m.ttl)
	switch {
	case l.held() && l.owner != owner:
		if !errors.Is(err, cluster.ErrHeld) {
			rt.Fatalf("acquired %s's lease: %v", l.owner, err)
		}
		return
	case err != nil:
		rt.Fatal(err)
	case !l.held():
		m.granted(rt, l, g.Lease)
	case g.Token != l.token:
		rt.Fatalf("one's own lease got token %d, not %d", g.Token, l.token)
	}
	l.until = time.Now().Add(m.ttl)
	if string(g.Note) != l.note {
		rt.Fatalf("found the note %q, not %q", g.Note, l.note)
	}
}

func (m *model) renew(rt *rapid.T) {
	lease, l := m.drawPast(rt)
	still, err := m.c.Leases.Renew(m.t.Context(), m.ttl, lease)
	if err != nil {
		rt.Fatal(err)
	}
	if (len(still) == 1) != l.current(lease) {
		rt.Fatalf("renewing %+v of %+v left %v", lease, *l, still)
	}
	if l.current(lease) { // expired or not
		l.until = time.Now().Add(m.ttl)
	}
}

func (m *model) release(rt *rapid.T) {
	lease, l := m.drawPast(rt)
	if err := m.c.Leases.Release(m.t.Context(), lease); err != nil {
		rt.Fatal(err)
	}
	if l.current(lease) {
		l.owner = ""
	}
}

func (m *model) transfer(rt *rapid.T) {
	lease, l := m.drawPast(rt)
	if !l.current(lease) && l.owner != "" {
		rt.Skip("may be the same transfer again")
	}
	_, to := m.draw(rt)
	held, err := m.c.Leases.Transfer(m.t.Context(), lease, to, m.ttl)
	if !l.current(lease) {
		if !errors.Is(err, cluster.ErrLost) {
			rt.Fatalf("transferred what was lost: %v", err)
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	m.granted(rt, l, held.Lease)
}

func (m *model) note(rt *rapid.T) {
	lease, l := m.drawPast(rt)
	note := rapid.StringN(0, 8, 32).Draw(rt, "note")
	err := m.c.Leases.Note(m.t.Context(), lease, []byte(note))
	if !l.current(lease) {
		if !errors.Is(err, cluster.ErrLost) {
			rt.Fatalf("an older owner wrote the note: %v", err)
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	l.note = note
}

// advance lets some time pass, up to three TTLs.
func (m *model) advance(rt *rapid.T) {
	if !m.rig.Instant {
		rt.Skip("it takes too long")
	}
	m.rig.Advance(time.Duration(rapid.IntRange(1, 30).Draw(rt, "tenths")) * m.ttl / 10)
}

// check compares all that is held.
func (m *model) check(rt *rapid.T) {
	held, err := m.c.Leases.List(m.t.Context(), m.prefix)
	if err != nil {
		rt.Fatal(err)
	}
	n := 0
	for _, l := range m.leases {
		if l.held() {
			n++
		}
	}
	if len(held) != n {
		rt.Fatalf("%d are held, want %d", len(held), n)
	}
	for _, h := range held {
		if l := m.leases[h.Key]; l.owner != h.Owner || l.token != h.Token || l.note != string(h.Note) {
			rt.Fatalf("held is %+v, want %+v", h, *l)
		}
	}
}
