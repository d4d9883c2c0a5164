package player_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"busker/dsp"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// book is an Audit that writes everything down.
type book struct{ records []player.Record }

func (b *book) Record(r player.Record) { b.records = append(b.records, r) }

func TestEveryCommandIsAudited(t *testing.T) {
	b := &book{}
	run(t, func(o *player.Options, _ *rig) { o.Audit = b }, func(r *rig) {
		ann := player.Actor{User: 42, Face: "button"}
		ctx := player.WithActor(r.Context(), ann)
		tracks := []track.Track{r.shelf.put(1, 500), r.shelf.put(2, 500), r.shelf.put(3, 500), r.shelf.put(4, 500)}
		for _, tt := range []struct {
			command     player.Command
			name        string
			detail, err string
		}{
			{player.Play{Tracks: tracks[:1], Channel: lobby}, "play", "b", ""},
			{player.Add{Tracks: tracks[1:]}, "add", "3", ""},
			{player.Add{Tracks: tracks, PerUser: 4, Partial: true}, "add", "1/4", ""},
			{player.Add{Tracks: tracks, PerUser: 4}, "add", "4", "too_large"},
			{player.Move{From: 2, To: 0}, "move", "e #1", ""},
			{player.Move{From: 2, To: 90}, "move", "", "invalid"},
			{player.Remove{Index: 0}, "remove", "e", ""},
			{player.RemoveDuplicates{}, "remove_duplicates", "b", ""},
			{player.Jump{Index: 1}, "jump", "d", ""},
			{player.Undo{}, "undo", "skip", ""},
			{player.Previous{}, "previous", "b", ""},
			{player.SeekBy{Delta: 2 * time.Second}, "seek_by", "2s", ""},
			{player.Volume{Percent: 50}, "volume", "50%", ""},
			{player.Loop{Mode: queue.All}, "loop", "queue", ""},
			{player.Fair{On: true}, "fair", "true", ""},
			{player.Filters{Effects: []dsp.Part{{Preset: "bassboost", Strength: 1}}}, "filters", "bassboost", ""},
			{player.Clear{}, "clear", "2", ""},
			{player.Join{Channel: stage}, "join", "200", ""},
			{player.Pause{}, "pause", "", ""},
			{player.Leave{}, "leave", "", ""},
		} {
			_, _ = r.m.Do(ctx, guild, tt.command)
			got := b.records[len(b.records)-1]
			want := player.Record{Guild: guild, Actor: ann, Command: tt.name, Detail: tt.detail, Err: tt.err, At: time.Now()}
			if got != want {
				t.Errorf("%#v\nis written down as %+v, want\n%+v", tt.command, got, want)
			}
			synctest.Wait()
		}
		r.do(player.Undo{})
		if got := b.records[len(b.records)-1]; got.Actor != (player.Actor{}) {
			t.Errorf("nobody was %+v", got.Actor)
		}
	})
	if a := player.ActorOf(context.Background()); a != (player.Actor{}) {
		t.Errorf("%+v", a)
	}
}
