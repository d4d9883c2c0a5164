package dave_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/dave"
)

// code returns the pairwise code of m and another, which must have one.
func (m *member) code(of snowflake.ID) string {
	m.call.Helper()
	code, err := m.PairwiseCode(of)
	if err != nil || len(code) != 45 {
		m.call.Errorf("code of %d and %d: %q, %v", m.user, of, code, err)
	}
	return code
}

func TestPairwiseCodes(t *testing.T) {
	c := callOf(t, 3)
	ab, ba, ac := c.members[alice].code(bob), c.members[bob].code(alice), c.members[alice].code(carol)
	if ab != ba || ab == ac {
		t.Errorf("codes %s, %s, %s", ab, ba, ac)
	}
	for _, u := range []snowflake.ID{alice, carol + 1} {
		if code, err := c.members[alice].PairwiseCode(u); !errors.Is(err, dave.ErrNotMember) {
			t.Errorf("a code of user %d: %q, %v", u, code, err)
		}
	}
}

// TestPairwiseCodesAreKept: what costs 100 ms is computed once for as long as a member
// stays with a key, whoever else comes and goes, and forgotten after.
func TestPairwiseCodesAreKept(t *testing.T) {
	c := callOf(t, 3)
	m := c.members[alice]
	known := func(when string, want ...snowflake.ID) {
		t.Helper()
		if got := m.KnownCodes(); !slices.Equal(got, want) {
			t.Errorf("%s the codes of %v are known, want %v", when, got, want)
		}
	}
	known("at first")
	withBob := m.code(bob)
	m.code(carol)
	known("once asked", bob, carol)

	c.leave(carol)
	c.remove(carol)
	c.win(alice)
	known("after one left", bob)
	if n := testing.AllocsPerRun(3, func() { m.code(bob) }); n > 0 {
		t.Errorf("the code that stays is computed again, with %v allocations", n)
	}

	c.leave(bob)
	c.remove(bob)
	c.join(bob)
	c.add(bob)
	c.win(alice)
	known("after one came back", bob)
	if m.code(bob) != withBob {
		t.Error("the same key has another code")
	}

	c.leave(bob)
	c.remove(bob)
	c.keys[bob] = nil
	c.join(bob)
	c.add(bob)
	c.win(alice)
	known("after one came back with another key")
	if m.code(bob) == withBob {
		t.Error("another key has the same code")
	}

	m.describe(0)
	known("without encryption")
}

// TestPairwiseCodesWhileMembersLeave computes codes while the group changes: those of
// who has left are not kept.
func TestPairwiseCodesWhileMembersLeave(t *testing.T) {
	c := callOf(t, 3)
	m := c.members[alice]
	var group sync.WaitGroup
	for _, u := range []snowflake.ID{bob, carol} {
		group.Go(func() { _, _ = m.PairwiseCode(u) }) // may come too late
	}
	c.leave(carol)
	c.remove(carol)
	c.win(alice)
	group.Wait()
	if slices.Contains(m.KnownCodes(), carol) {
		t.Error("the code of a member who left is kept")
	}
}
