package settings_test

import (
	"context"
	"testing"
	"time"

	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/settings"
)

// silent is a Store that never answers a read.
type silent struct{ settings.Store }

func (silent) Guild(ctx context.Context, _ snowflake.ID) (settings.Guild, error) {
	<-ctx.Done()
	return settings.Guild{}, ctx.Err()
}

func TestASilentStoreKeepsNobody(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		began := time.Now()
		g := settings.NewCache(silent{}, nil).Guild(t.Context(), 1)
		if took := time.Since(began); took != 2*time.Second || g.Announce != settings.AnnounceCard {
			t.Errorf("after %v: %+v", took, g)
		}
	})
}
