package playlists_test

import (
	"testing"

	"busker/playlists"
	"busker/playlists/playliststest"
)

func TestMemory(t *testing.T) {
	playliststest.Run(t, func(_ *testing.T, l playlists.Limits) playlists.Store { return playlists.NewMemory(l) })
}
