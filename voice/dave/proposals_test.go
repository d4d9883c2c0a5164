package dave_test

import (
	"testing"

	"busker/internal/snowflake"
	"busker/voice/signal"
)

// Failure mode 10.8: without op 11, every Add is refused.
func TestAddOfUnrecognisedUserIsRefused(t *testing.T) {
	c := callOf(t, 2)
	m := c.session(carol)
	c.members[carol] = m
	m.text(signal.OpClientsConnect, `{"user_ids":[%q,%q,%q]}`, alice, bob, carol)
	m.describe(1)
	m.binary(signal.OpMLSExternalSender, c.external)
	other := c.join(carol + 1)
	// The batch has one good Add, which is kept, and one bad, which spoils the batch.
	c.add(carol+1, carol)
	for _, u := range []snowflake.ID{alice, bob} {
		if n := len(c.members[u].commits); n != 0 || c.members[u].Cached() != 1 {
			t.Errorf("user %d sent %d commits and keeps %d proposals", u, n, c.members[u].Cached())
		}
		c.members[u].text(signal.OpClientsConnect, `{"user_ids":[%q]}`, carol)
	}
	c.add(carol)
	c.win(bob)
	if !m.Status().Established || !other.Status().Established {
		t.Errorf("after op 11: %+v, %+v", m.Status(), other.Status())
	}
	c.hear()
	// Who left is not recognised any longer, whereas we always are.
	add := c.signAdd(carol)
	for _, u := range []snowflake.ID{alice, bob} {
		c.members[u].text(signal.OpClientDisconnect, `{"user_id":%q}`, carol)
		c.members[u].text(signal.OpClientDisconnect, `{"user_id":%q}`, u)
	}
	c.propose(add)
	if n := len(c.members[alice].commits); n != 0 {
		t.Errorf("%d commits to an Add of a user who left", n)
	}
}

// What we refused others may commit. That leaves us behind, which we say.
func TestACommitToARefusedAddIsReported(t *testing.T) {
	c := callOf(t, 2)
	m := c.session(carol)
	c.members[carol] = m
	m.text(signal.OpClientsConnect, `{"user_ids":[%q,%q]}`, alice, bob)
	c.members[bob].text(signal.OpClientsConnect, `{"user_ids":[%q]}`, carol) // alice hears of her too late
	m.describe(1)
	m.binary(signal.OpMLSExternalSender, c.external)
	c.add(carol)
	c.announce(c.choose(bob, 0, 3))
	left := c.members[alice]
	if len(left.commits) != 0 || len(left.invalid) != 1 || left.invalid[0] != 3 || len(left.keyPackages) != 2 {
		t.Errorf("%d commits, ops 31 %v, %d key packages", len(left.commits), left.invalid, len(left.keyPackages))
	}
}

// Failure mode 10.23: the Welcome has to serve every Add of the cache, not only those
// of the newest batch.
func TestWelcomeForTheWholeCache(t *testing.T) {
	c := callOf(t, 2)
	c.join(carol)
	c.join(carol + 1)
	c.add(carol)
	y := c.signAdd(carol + 1)
	c.propose(y)
	c.revoke(y)
	if n := len(c.members[alice].commits); n != 3 {
		t.Fatalf("%d commits", n)
	}
	c.win(alice) // fails without a Welcome
	if now := c.members[carol].Status(); !now.Established {
		t.Errorf("the joiner: %+v", now)
	}
	c.hear()
}

func TestNoEmptyCommit(t *testing.T) {
	c := callOf(t, 2)
	c.join(carol)
	add := c.signAdd(carol)
	c.propose(add)
	c.revoke(add)
	for _, u := range []snowflake.ID{alice, bob} {
		m := c.members[u]
		if len(m.commits) != 1 || m.Cached() != 0 {
			t.Errorf("user %d: %d commits, %d proposals", u, len(m.commits), m.Cached())
		}
		before := len(m.commits)
		m.binary(signal.OpMLSProposals, []byte{0, 0})
		m.binary(signal.OpMLSProposals, []byte{1, 0})
		m.binary(signal.OpMLSProposals, revocation(add.ref)) // unknown now
		if len(m.commits) != before {
			t.Errorf("user %d sent an empty commit", u)
		}
	}
	c.add(carol)
	c.win(bob)
	c.hear()
}

// Who is to be removed sends nothing and keeps what it has; the others commit.
func TestProposalsThatWait(t *testing.T) {
	t.Run("our own removal", func(t *testing.T) {
		c := callOf(t, 3)
		c.join(carol + 1)
		c.remove(bob)
		c.add(carol + 1)
		if m := c.members[bob]; len(m.commits) != 0 || m.Cached() != 2 {
			t.Errorf("%d commits, %d proposals", len(m.commits), m.Cached())
		}
		if m := c.members[alice]; len(m.commits) != 2 {
			t.Errorf("alice sent %d commits", len(m.commits))
		}
	})
	t.Run("added before removed, with the same key", func(t *testing.T) { addBeforeRemove(t, false) })
	t.Run("added before removed, with another key", func(t *testing.T) { addBeforeRemove(t, true) })
}

func addBeforeRemove(t *testing.T, anotherKey bool) {
	c := callOf(t, 3)
	c.leave(carol)
	if anotherKey {
		delete(c.keys, carol)
	}
	c.join(carol)
	c.add(carol)
	if m := c.members[alice]; len(m.commits) != 0 || m.Cached() != 1 {
		t.Errorf("%d commits, %d proposals", len(m.commits), m.Cached())
	}
	c.remove(carol)
	if m := c.members[alice]; len(m.commits) != 1 {
		t.Errorf("%d commits once the Remove is there", len(m.commits))
	}
	c.win(alice)
	c.hear()
}

func TestTreesOfEveryShape(t *testing.T) {
	t.Run("remove of the last leaf, then its reuse", func(t *testing.T) {
		c := callOf(t, 4)
		last := alice + 3
		c.leave(last)
		c.remove(last)
		c.win(bob)
		c.hear()
		c.join(last)
		c.add(last)
		c.win(carol)
		c.hear()
	})
	t.Run("a blank is used again", func(t *testing.T) {
		c := callOf(t, 5)
		c.leave(bob)
		c.remove(bob)
		c.win(alice)
		c.hear()
		c.join(bob)
		c.join(carol + 10)
		c.add(bob, carol+10)
		c.win(carol)
		c.hear()
	})
	t.Run("Add and Remove in one batch", func(t *testing.T) {
		c := callOf(t, 4)
		c.leave(carol)
		c.join(carol + 10)
		c.propose(c.signRemove(carol), c.signAdd(carol+10))
		c.win(bob)
		c.hear()
	})
	t.Run("again with the same key, in one batch", func(t *testing.T) {
		c := callOf(t, 4)
		c.leave(carol)
		c.join(carol)
		c.propose(c.signRemove(carol), c.signAdd(carol))
		c.win(bob)
		c.hear()
	})
}

// Failure mode 10.7: with three and more, somebody else's commit wins mostly.
func TestOwnCommitLosesOrWins(t *testing.T) {
	for name, tt := range map[string]struct {
		winner  snowflake.ID
		batches int
		commit  int // which of the winner's
	}{
		"ours lost":                         {bob, 1, 0},
		"ours won":                          {alice, 1, 0},
		"of two of ours the first wins":     {alice, 2, 0},
		"of two of ours the second wins":    {alice, 2, 1},
		"two of ours lose against a first":  {carol, 2, 0},
		"two of ours lose against a second": {carol, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := callOf(t, 5)
			for i := range tt.batches {
				c.join(carol + 10 + snowflake.ID(i))
			}
			for i := range tt.batches {
				c.add(carol + 10 + snowflake.ID(i))
			}
			m := c.members[alice]
			epoch := m.Status().Epoch
			if len(m.commits) != tt.batches || m.Commits() != tt.batches {
				t.Fatalf("%d commits sent, %d remembered", len(m.commits), m.Commits())
			}
			if m.Status().Epoch != epoch {
				t.Error("our own commit was applied before it was announced")
			}
			id := c.transition()
			c.announce(c.choose(tt.winner, tt.commit, id))
			if m.Commits() != 0 || m.Cached() != 0 {
				t.Errorf("%d commits and %d proposals of the former epoch", m.Commits(), m.Cached())
			}
			c.execute(id)
			c.hear()
			if tt.batches > 1 && tt.commit == 0 { // who was not served is proposed anew
				c.add(carol + 11)
				c.win(carol)
				c.hear()
			}
		})
	}
}
