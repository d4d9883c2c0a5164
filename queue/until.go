package queue

import (
	"time"

	"busker/track"
)

// Now is how far the current item has come.
type Now struct {
	Position time.Duration
	Speed    float64 // seconds of a track per second; 0 = 1
}

// Until estimates how long it takes until the upcoming item at index i begins, if all
// plays on as it is. It reports false when nobody knows: something before it is live
// or of unknown length, the current item repeats, or there is no such item.
func (q *Queue) Until(i int, now Now) (time.Duration, bool) {
	current, playing := q.Current()
	if playing && q.loop == Track {
		return 0, false
	}
	return Until(current.Track, playing, q.List(), i, now)
}

// Until is Queue.Until for who has a list of upcoming items and, if playing, a current
// track that does not repeat.
func Until(current track.Track, playing bool, upcoming []*Item, i int, now Now) (time.Duration, bool) {
	if i < 0 || i >= len(upcoming) {
		return 0, false
	}
	sum := time.Duration(0)
	if playing {
		if unknown(&current) {
			return 0, false
		}
		sum = max(0, current.Length-now.Position)
	}
	for _, it := range upcoming[:i] {
		if unknown(&it.Track) {
			return 0, false
		}
		sum += it.Track.Length
	}
	if now.Speed > 0 {
		sum = time.Duration(float64(sum) / now.Speed)
	}
	return sum, true
}

func unknown(t *track.Track) bool { return t.Live || t.Length <= 0 }
