package remote_test

import (
	"context"
	"testing"

	"busker/cluster"
	"busker/internal/bubble"
	"busker/player"
	"busker/player/remote"
)

// wavering is a process that gives its guilds away and gets them back.
type wavering struct {
	remote.Local
	ids []string // of the commands it was given
}

func (w *wavering) Do(ctx context.Context, _ player.GuildID, _ player.Command) (player.Status, error) {
	w.ids = append(w.ids, player.CommandIDOf(ctx))
	if len(w.ids) < 4 {
		return player.Status{}, player.ErrMoved
	}
	return player.Status{}, nil
}

// TestACommandIsTheSameFromItsFirstTry: what that did may be kept, although nobody knows.
func TestACommandIsTheSameFromItsFirstTry(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		here := &wavering{}
		d, err := remote.New(remote.Options{
			Process: "a", Local: here, Token: func(player.GuildID) uint64 { return 1 },
			Directory: newTown(t, nil), Bus: cluster.Local().Bus,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Do(t.Context(), 7, player.Pause{}); err != nil {
			t.Fatal(err)
		}
		for _, id := range here.ids {
			if id == "" || id != here.ids[0] {
				t.Fatalf("ids of one command: %q", here.ids)
			}
		}
	})
}
