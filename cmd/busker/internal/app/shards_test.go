package app_test

import (
	"testing"

	"busker/cmd/busker/internal/app"
	"busker/gateway"
)

// TestARenewedLeaseBreaksNothingOff: guilds return for up to ten minutes, and a lease that
// is taken back under a new token meanwhile must not leave the rest of them behind.
func TestARenewedLeaseBreaksNothingOff(t *testing.T) {
	one := func(how gateway.How) gateway.Owned { return gateway.Owned{Shard: 1, Shards: 4, How: how} }
	other := func(how gateway.How) gateway.Owned { return gateway.Owned{Shard: 2, Shards: 4, How: how} }
	half := func(how gateway.How) gateway.Owned { return gateway.Owned{Shard: 5, Shards: 8, How: how} }
	for _, tt := range []struct {
		name    string
		settled bool // before the last one came
		came    []gateway.Owned
		want    gateway.How
	}{
		{"taken over and settled", true, []gateway.Owned{one(gateway.TakenOver), one(gateway.Kept)}, gateway.Kept},
		{"taken over", false, []gateway.Owned{one(gateway.TakenOver), one(gateway.Kept)}, gateway.TakenOver},
		{"twice", false, []gateway.Owned{one(gateway.HandedOver), one(gateway.Kept), one(gateway.Kept)}, gateway.HandedOver},
		{"to be taken back", false, []gateway.Owned{one(gateway.TakenOver), one(gateway.Returned), one(gateway.Kept)}, gateway.Returned},
		{"handed over anew", false, []gateway.Owned{one(gateway.TakenOver), one(gateway.HandedOver)}, gateway.HandedOver},
		{"another", false, []gateway.Owned{one(gateway.TakenOver), other(gateway.Kept)}, gateway.Kept},
		{"more shards", false, []gateway.Owned{one(gateway.TakenOver), half(gateway.Kept)}, gateway.TakenOver},
		{"more shards, settled", true, []gateway.Owned{one(gateway.TakenOver), half(gateway.Kept)}, gateway.Kept},
	} {
		if got := app.Come(t.Context(), tt.settled, tt.came...); got != tt.want {
			t.Errorf("%s: to be settled as %v, want %v", tt.name, got, tt.want)
		}
	}
}
