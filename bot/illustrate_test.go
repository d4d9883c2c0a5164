package bot_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"busker/bot"
	"busker/track"
)

// gallery has a picture of every track but those called Bare, and counts who asks.
type gallery struct{ asked atomic.Int32 }

func (g *gallery) Artwork(_ context.Context, t track.Track) (*track.Artwork, error) {
	g.asked.Add(1)
	if t.Title == "Bare" {
		return nil, errors.New("the folder is gone")
	}
	return &track.Artwork{MIME: "image/png", Bytes: []byte("png of " + t.Title)}, nil
}

func TestTracksWithoutPicturesGetThem(t *testing.T) {
	t.Parallel()
	g := &gallery{}
	s := newStage(t, func(o *bot.Options) { o.Illustrator = g }).playing("Plain", "Bare")
	if m := s.card("with a picture", shows("### Plain")); m.files != 1 {
		t.Errorf("%d files", m.files)
	}
	s.command("pause")
	s.card("paused", shows("Paused"))
	if n := g.asked.Load(); n != 1 {
		t.Errorf("asked %d times for one picture", n)
	}
	s.command("skip")
	if m := s.card("without one", shows("### Bare")); len(m.Attachments) != 0 {
		t.Errorf("%d attachments", len(m.Attachments))
	}
}
