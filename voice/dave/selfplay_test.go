package dave_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/signal"
)

// TestSelfPlay lets a call live through many epochs: members come and go, several at a
// time and in several batches, some come back at once, some leave before they were let
// in, commits race, some arrive broken, and transitions are executed late and in any
// order. Everybody speaks all the time, under the assertions of say.
func TestSelfPlay(t *testing.T) {
	seeds, epochs := 4, 35
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			p := &play{call: callOf(t, 2+seed), size: 3 + 2*seed, random: rand.New(rand.NewPCG(uint64(seed), 1)), newcomer: carol + 1000}
			for range epochs {
				p.epochPasses()
				if t.Failed() {
					return
				}
			}
			if len(p.said) < epochs*2 {
				t.Errorf("%d frames said", len(p.said))
			}
		})
	}
}

// play is a call that runs at random.
type play struct {
	*call
	random   *rand.Rand
	size     int // of the group, about
	newcomer snowflake.ID
	gone     []snowflake.ID // may come back
	pending  []uint16       // transitions not executed
}

func (p *play) chance(percent int) bool { return p.random.IntN(100) < percent }

func (p *play) pick(users []snowflake.ID) snowflake.ID { return users[p.random.IntN(len(users))] }

// present lists who is in the group and in the call.
func (p *play) present() []snowflake.ID {
	return slices.DeleteFunc(slices.Sorted(slices.Values(p.leaves)), func(u snowflake.ID) bool { return p.members[u] == nil })
}

func (p *play) epochPasses() {
	removed := p.someLeave()
	if len(p.present()) < 2 {
		p.refill()
		return
	}
	p.someJoin()
	p.someComeBack(removed)
	if len(p.flight) == 0 {
		return
	}
	id := p.transition()
	winner := p.pick(p.authors())
	a := p.choose(winner, -1, id)
	broken := p.breakOne(&a, winner)
	p.announce(a)
	p.pending = append(p.pending, id)
	p.chatter()
	if broken != nil {
		p.again(broken, id)
	}
	p.executeSome()
}

// authors are those with a commit to all that is proposed.
func (p *play) authors() []snowflake.ID {
	var list []snowflake.ID
	for _, u := range p.present() {
		leaving := slices.ContainsFunc(p.flight, func(f flying) bool {
			return f.add == 0 && p.leaves[f.remove] == u
		})
		if !leaving {
			list = append(list, u)
		}
	}
	return list
}

func (p *play) someLeave() (removed []flying) {
	for (p.chance(40) || len(p.present()) > p.size) && len(p.present()) > 1 {
		u := p.pick(p.present())
		p.leave(u)
		p.gone = append(p.gone, u)
		removed = append(removed, p.signRemove(u))
	}
	if len(removed) > 0 && len(p.present()) > 1 {
		p.propose(removed...)
	}
	return removed
}

func (p *play) someJoin() {
	for len(p.present()) < p.size && p.chance(60) {
		var batch []flying
		for range 1 + p.random.IntN(3) {
			p.newcomer++
			p.join(p.newcomer)
			batch = append(batch, p.signAdd(p.newcomer))
		}
		p.propose(batch...)
		if p.chance(30) { // one leaves before it is let in
			u := batch[0].add
			p.leave(u)
			p.revoke(batch[0])
		}
	}
}

// someComeBack lets users who left return with their old keys.
func (p *play) someComeBack(removed []flying) {
	for len(p.gone) > 0 && p.chance(50) {
		u := p.gone[len(p.gone)-1]
		p.gone = p.gone[:len(p.gone)-1]
		if p.members[u] == nil && (len(removed) > 0 || !slices.Contains(p.leaves, u)) {
			p.join(u)
			p.add(u)
		}
	}
}

// breakOne lets a commit arrive broken at one member.
func (p *play) breakOne(a *announcement, winner snowflake.ID) *member {
	if !p.chance(20) {
		return nil
	}
	i := slices.IndexFunc(a.old, func(m *member) bool { return m.user != winner && slices.Contains(p.leaves, m.user) })
	if i < 0 {
		return nil
	}
	m := a.old[i]
	a.old = slices.Delete(a.old, i, i+1)
	commit := bytes.Clone(a.commit)
	commit[len(commit)-1] ^= 1
	m.binary(signal.OpMLSAnnounceCommit, commit)
	return m
}

// again takes a member in anew that could not follow.
func (p *play) again(m *member, failed uint16) {
	if m.err != nil { // three times in a minute: a new session
		p.leave(m.user)
		p.propose(p.signRemove(m.user))
		p.gone = append(p.gone, m.user)
	} else {
		if n := len(m.invalid); n == 0 || m.invalid[n-1] != failed {
			p.Errorf("user %d: ops 31 %v, want %d", m.user, m.invalid, failed)
		}
		p.propose(p.signRemove(m.user), p.signAdd(m.user))
	}
	id := p.transition()
	p.announce(p.choose(p.pick(p.authors()), -1, id))
	p.pending = append(p.pending, id)
	p.chatter()
}

// executeSome executes transitions, in any order. Once the newest was, all hear all.
func (p *play) executeSome() {
	if p.chance(30) && len(p.pending) < 4 {
		return
	}
	newest := p.pending[len(p.pending)-1]
	p.random.Shuffle(len(p.pending), func(i, j int) { p.pending[i], p.pending[j] = p.pending[j], p.pending[i] })
	for _, id := range p.pending {
		p.execute(id)
		p.chatter()
		if id == newest {
			p.hear()
		}
	}
	p.pending = nil
	p.hear()
}

// refill is what happens when nobody but one is left.
func (p *play) refill() {
	last := p.members[p.present()[0]]
	for u := range p.members {
		if u != last.user {
			p.leave(u)
		}
	}
	p.alone(last)
	p.pending = nil
	if frame, err := p.say(last, []byte("alone")); !errors.Is(err, dave.ErrNoKey) {
		p.Errorf("alone: %x, %v", frame, err)
	}
	p.newcomer++
	p.join(p.newcomer)
	p.form(p.pick([]snowflake.ID{last.user, p.newcomer}))
	p.hear()
}

// chatter lets everybody say something, whatever can be heard of it now.
func (p *play) chatter() {
	for _, m := range p.members {
		for range 1 + p.random.IntN(3) {
			_, _ = p.say(m, []byte("chatter"))
		}
	}
}
