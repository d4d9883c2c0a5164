package queue_test

import (
	"testing"
	"time"

	"busker/queue"
	"busker/track"
)

func TestUntil(t *testing.T) {
	const minute = time.Minute
	song := track.Track{Length: 4 * minute}
	live, unknown := track.Track{Live: true}, track.Track{}
	for _, tt := range []struct {
		name   string
		tracks []track.Track // the first is the current one
		index  int
		now    queue.Now
		loop   queue.Loop
		want   time.Duration
		known  bool
	}{
		{"next", []track.Track{song, song}, 0, queue.Now{Position: minute}, queue.Off, 3 * minute, true},
		{"the one after", []track.Track{song, song, live}, 1, queue.Now{Position: minute}, queue.Off, 7 * minute, true},
		{"double speed", []track.Track{song, song, song}, 1, queue.Now{Position: 2 * minute, Speed: 2}, queue.Off, 3 * minute, true},
		{"beyond the end", []track.Track{song, song}, 0, queue.Now{Position: 5 * minute}, queue.Off, 0, true},
		{"round and round", []track.Track{song, song}, 0, queue.Now{}, queue.All, 4 * minute, true},
		{"the same for ever", []track.Track{song, song}, 0, queue.Now{}, queue.Track, 0, false},
		{"behind a live stream", []track.Track{song, live, song}, 1, queue.Now{}, queue.Off, 0, false},
		{"behind an unknown length", []track.Track{song, unknown, song}, 1, queue.Now{}, queue.Off, 0, false},
		{"while a live stream plays", []track.Track{live, song}, 0, queue.Now{}, queue.Off, 0, false},
		{"of nothing", []track.Track{song, song}, 1, queue.Now{}, queue.Off, 0, false},
		{"of less than nothing", []track.Track{song, song}, -1, queue.Now{}, queue.Off, 0, false},
	} {
		q := queue.New(queue.Options{})
		for _, track := range tt.tracks {
			_, _ = q.Add(queue.AddOptions{}, queue.Item{Track: track})
		}
		q.Next()
		q.SetLoop(tt.loop)
		if got, known := q.Until(tt.index, tt.now); got != tt.want || known != tt.known {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, got, known, tt.want, tt.known)
		}
	}
	q := queue.New(queue.Options{})
	_, _ = q.Add(queue.AddOptions{}, queue.Item{Track: song}, queue.Item{Track: song})
	if got, known := q.Until(1, queue.Now{}); got != 4*minute || !known {
		t.Errorf("in silence: %v, %v", got, known)
	}
}
