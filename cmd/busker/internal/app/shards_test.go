package app_test

import (
	"testing"

	"busker/cmd/busker/internal/app"
	"busker/gateway"
)

// TestARenewedLeaseBreaksNothingOff: guilds return for up to ten minutes, and a lease that
// is taken back under a new token meanwhile must not leave the rest of them behind.
func TestARenewedLeaseBreaksNothingOff(t *testing.T) {
	for _, tt := range []struct {
		name    string
		settled bool // before the last one came
		came    []gateway.How
		want    gateway.How
	}{
		{"taken over and settled", true, []gateway.How{gateway.TakenOver, gateway.Kept}, gateway.Kept},
		{"taken over", false, []gateway.How{gateway.TakenOver, gateway.Kept}, gateway.TakenOver},
		{"twice", false, []gateway.How{gateway.HandedOver, gateway.Kept, gateway.Kept}, gateway.HandedOver},
		{"to be taken back", false, []gateway.How{gateway.TakenOver, gateway.Returned, gateway.Kept}, gateway.Returned},
		{"handed over anew", false, []gateway.How{gateway.TakenOver, gateway.HandedOver}, gateway.HandedOver},
	} {
		if got := app.Come(t.Context(), tt.settled, tt.came...); got != tt.want {
			t.Errorf("%s: to be settled as %v, want %v", tt.name, got, tt.want)
		}
	}
}
