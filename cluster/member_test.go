package cluster_test

import (
	"testing"

	"busker/cluster"
)

// TestNoTwoMembersAreOne, whatever they are called.
func TestNoTwoMembersAreOne(t *testing.T) {
	for _, name := range []string{"gw-1", "a.b.example", "x", "gw.abcdef"} {
		one, other := cluster.NewID(name), cluster.NewID(name)
		if one == other || cluster.NameOf(one) != name || cluster.NameOf(other) != name {
			t.Errorf("%q: %q and %q, called %q and %q", name, one, other, cluster.NameOf(one), cluster.NameOf(other))
		}
	}
	for _, id := range []string{"", "one", ".abcdef", "gw-1"} {
		if name := cluster.NameOf(id); name != id {
			t.Errorf("%q is called %q", id, name)
		}
	}
}
