package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"busker/queue"
	"busker/session"
	"busker/store"
)

// song makes a song nobody has asked for yet.
func (b *band) song() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.titles++
	name := fmt.Sprintf("song-%d.wav", b.titles)
	if err := os.Link(filepath.Join(b.dir, "extra.wav"), filepath.Join(b.dir, name)); err != nil {
		b.Error(err)
	}
	return name
}

// ask has people add songs, each another one, in all rooms until the returned function is
// called.
func (b *band) ask() (stop func()) {
	busy, done := context.WithCancel(b.Context())
	var people sync.WaitGroup
	for _, r := range b.rooms {
		people.Go(func() {
			for busy.Err() == nil {
				r.wish(busy, b.song())
				select {
				case <-time.After(time.Duration(500+rand.IntN(1500)) * time.Millisecond):
				case <-busy.Done():
				}
			}
		})
	}
	return func() {
		done()
		people.Wait()
	}
}

// wish adds a song and notes whether people were told that it is in the queue.
func (r *room) wish(ctx context.Context, song string) {
	told := r.add(ctx, song)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wishes == nil {
		r.wishes = map[string]bool{}
	}
	r.wishes[song] = told
}

// audit compares what is kept of each guild with what its people were told: a song they
// were told of is there once, and no song is there twice.
func (b *band) audit() (told, silent int) {
	b.Helper()
	kept, err := store.Open(b.Context(), b.store, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer kept.Close()
	for _, r := range b.rooms {
		saved, err := kept.Sessions().Load(b.Context(), r.guild.ID)
		if err != nil || !saved.Found {
			b.Fatalf("%v, found %v", err, saved.Found)
		}
		there := songsOf(b.T, saved)
		r.mu.Lock()
		for song, wasTold := range r.wishes {
			n := there[song]
			switch {
			case n > 1:
				b.Errorf("%s: %s is in the queue %d times", r.guild.Name, song, n)
			case n == 0 && wasTold:
				b.Errorf("%s: %s was promised, and is lost", r.guild.Name, song)
			}
			if wasTold {
				told++
			} else if n == 1 {
				silent++
			}
		}
		r.mu.Unlock()
	}
	return told, silent
}

func songsOf(t *testing.T, saved session.Saved) map[string]int {
	t.Helper()
	q, err := queue.Restore(saved.Queue, saved.Log, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]int{}
	for _, it := range q.List() {
		there[filepath.Base(it.Track.URI)]++
	}
	return there
}
