package player

import (
	"container/list"
	"sync"

	"busker/track"
)

// rememberedTracks is how many tracks' loudness an own memory keeps: some 200 bytes each.
const rememberedTracks = 4096

// loudnessMemory keeps what was found of the tracks used last.
type loudnessMemory struct {
	mu    sync.Mutex
	size  int
	known map[content]*list.Element
	order list.List // of remembered, the one used last in front
}

// content is what a loudness is of.
type content struct{ source, uri, version string }

type remembered struct {
	content
	loudness track.Loudness
}

func newLoudnessMemory(size int) *loudnessMemory {
	return &loudnessMemory{size: size, known: map[content]*list.Element{}}
}

func contentOf(t track.Track) content { return content{t.Source, t.URI, t.Version} }

// Recall implements LoudnessMemory.
func (m *loudnessMemory) Recall(t track.Track) (track.Loudness, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.known[contentOf(t)]
	if !ok {
		return track.Loudness{}, false
	}
	m.order.MoveToFront(e)
	return e.Value.(remembered).loudness, true
}

// Remember implements LoudnessMemory.
func (m *loudnessMemory) Remember(t track.Track, l track.Loudness) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := contentOf(t)
	if e, ok := m.known[c]; ok {
		m.order.Remove(e)
	}
	m.known[c] = m.order.PushFront(remembered{c, l})
	if m.order.Len() > m.size {
		delete(m.known, m.order.Remove(m.order.Back()).(remembered).content)
	}
}
