package mls_test

import (
	"errors"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"busker/voice/mls"
)

var seeds = flag.Int("seeds", 12, "random calls that TestRandomCalls plays")

func is(err, want error) bool { return errors.Is(err, want) && (want != nil || err == nil) }

func TestRandomCalls(t *testing.T) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			play(t, mathrand.New(mathrand.NewPCG(uint64(seed), 9420)))
		})
	}
}

// play runs a call of up to 40 members through random epochs.
func play(t *testing.T, r *mathrand.Rand) {
	c := newCallOf(t, mathrand.NewChaCha8([32]byte{byte(r.Uint32())}))
	c.begin(1)
	limit := 2 + r.IntN(39)
	users := uint64(2)
	for range 25 {
		present := c.users()
		committer := c.members[present[r.IntN(len(present))]]
		for _, u := range present {
			if u != committer.user && r.IntN(4) == 0 {
				c.remove(u)
				if r.IntN(3) == 0 { // comes back at once
					c.add(u)
				}
			}
		}
		for n := r.IntN(8); n > 0 && len(present) < limit; n-- {
			c.add(users)
			users++
		}
		c.revokeSome(r)
		c.race(committer)
		if len(c.cache) == 0 && len(c.members) == 1 {
			continue
		}
		c.commit(committer.user)
	}
}

func (c *call) users() []uint64 {
	var users []uint64
	for u := range c.members {
		users = append(users, u)
	}
	slices.Sort(users)
	return users
}

// revokeSome takes back some proposals of members who are not to come back.
func (c *call) revokeSome(r *mathrand.Rand) {
	if r.IntN(3) > 0 || len(c.cache) == 0 {
		return
	}
	p := c.cache[len(c.cache)-1]
	if p.Proposal.Type != mls.ProposalAdd {
		return
	}
	for u, m := range c.adds {
		if m.own.KeyPackage.Ref() == p.Proposal.Add.Ref() {
			delete(c.adds, u)
		}
	}
	c.cache = c.cache[:len(c.cache)-1]
}

// race has everybody else who stays commit too. Their commits lose, and must not harm.
func (c *call) race(winner *member) {
	c.tb.Helper()
	for _, u := range c.users() {
		m := c.members[u]
		if m == winner {
			continue
		}
		_, err := m.group.Commit(c.random, c.cache)
		if slices.Contains(c.gone, u) {
			if !errors.Is(err, mls.ErrInvalidProposals) {
				c.tb.Fatalf("member %d commits his own removal: %v", u, err)
			}
			continue
		}
		if err != nil {
			c.tb.Fatal(err)
		}
		return // one loser is enough
	}
}
