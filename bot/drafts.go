package bot

import (
	"crypto/rand"
	"sync"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/track"
)

// drafts are tracks that were found and wait for somebody to say where they go. They
// are few and short-lived, and so not kept beyond the process.
type drafts struct {
	mu  sync.Mutex
	all map[string]draft
}

type draft struct {
	user  snowflake.ID
	found track.Result
	again track.Query // finds it anew, where found was a list that comes in parts; else empty
	until time.Time
}

const (
	// draftAge is for how long Discord lets a message only one person sees be changed.
	draftAge = 15 * time.Minute
	// maxDrafts and maxDraftTracks bound memory: beyond them the oldest go.
	maxDrafts      = 1000
	maxDraftTracks = 200_000 // of all together; a track takes about 500 bytes
)

// keep returns the token under which found is there for a user. What comes in parts can be
// read only once: of that the query is kept.
func (d *drafts) keep(user snowflake.ID, found track.Result, query track.Query) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil {
		d.all = map[string]draft{}
	}
	one := draft{user: user, found: found, until: time.Now().Add(draftAge)}
	if found.Rest != nil {
		one.found, one.again = track.Result{}, query
	}
	for d.full(len(one.found.Tracks)) {
		d.dropOldest()
	}
	token := rand.Text()
	d.all[token] = one
	return token
}

// full reports whether there is no room for so many tracks more, once those are gone that
// are too old.
func (d *drafts) full(more int) bool {
	now, tracks := time.Now(), more
	for token, one := range d.all {
		if one.until.Before(now) {
			delete(d.all, token)
			continue
		}
		tracks += len(one.found.Tracks)
	}
	return len(d.all) >= maxDrafts || len(d.all) > 0 && tracks > maxDraftTracks
}

func (d *drafts) dropOldest() {
	oldest := ""
	for token, one := range d.all {
		if oldest == "" || one.until.Before(d.all[oldest].until) {
			oldest = token
		}
	}
	delete(d.all, oldest)
}

// find returns what was kept for a user, or the query that finds it again.
func (d *drafts) find(user snowflake.ID, token string) (found track.Result, again track.Query, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, ok := d.all[token]
	if !ok || one.user != user || one.until.Before(time.Now()) {
		return track.Result{}, track.Query{}, fault.New(fault.NotFound, textDraftGone)
	}
	return one.found, one.again, nil
}
