// Package clustertest proves that an implementation of cluster keeps its contracts. All
// of them run the same suite: Local, and cluster/redis on a single server, behind
// Sentinels, and on a cluster.
//
// It knows no implementation, and how time passes only through Rig.
package clustertest

import (
	"testing"
	"time"

	"busker/cluster"
)

// Rig is what a test runs on.
type Rig struct {
	// Open returns a way of one more process to the same, otherwise empty, cluster.
	Open func(t *testing.T) *cluster.Cluster
	// Advance lets d pass, for the cluster and for package time.
	Advance func(d time.Duration)
	// Instant says that Advance takes no time.
	Instant bool
}

// Run runs the suite. rig is called for every test with what is to be run on it, in a
// synctest bubble or not, and in parallel if it says so.
func Run(t *testing.T, rig func(t *testing.T, test func(*testing.T, Rig))) {
	t.Helper()
	for _, tt := range []struct {
		name string
		test func(*testing.T, Rig)
	}{
		{"lease is one owner's", leaseIsOneOwners},
		{"lease expires", leaseExpires},
		{"expired lease comes back", expiredLeaseComesBack},
		{"released lease", releasedLease},
		{"transferred lease", transferredLease},
		{"notes", notes},
		{"renewing many", renewingMany},
		{"list", list},
		{"tokens grow over all leases", tokensGrow},
		{"trust ends before the lease", trustEnds},
		{"contenders", contenders},
		{"model of leases", modelOfLeases},
		{"members", members},
		{"claims", claims},
		{"limits", limits},
		{"limits share a rate", limitsShare},
		{"cache", cache},
		{"swap", swap},
		{"swap is atomic", swapIsAtomic},
		{"tables", tables},
		{"tables are fenced", tablesAreFenced},
		{"large tables", largeTables},
		{"health", health},
		{"ended context", endedContext},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rig(t, tt.test)
		})
	}
}
