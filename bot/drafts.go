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
	until time.Time
}

const (
	// draftAge is for how long Discord lets a message only one person sees be changed.
	draftAge = 15 * time.Minute
	// maxDrafts bounds memory: beyond it the oldest goes.
	maxDrafts = 1000
)

// keep returns the token under which found is there for a user.
func (d *drafts) keep(user snowflake.ID, found track.Result) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil {
		d.all = map[string]draft{}
	}
	now := time.Now()
	oldest, first := "", now.Add(draftAge)
	for token, one := range d.all {
		if one.until.Before(now) {
			delete(d.all, token)
		} else if one.until.Before(first) {
			oldest, first = token, one.until
		}
	}
	if len(d.all) >= maxDrafts {
		delete(d.all, oldest)
	}
	token := rand.Text()
	d.all[token] = draft{user, found, now.Add(draftAge)}
	return token
}

func (d *drafts) find(user snowflake.ID, token string) (track.Result, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, ok := d.all[token]
	if !ok || one.user != user || one.until.Before(time.Now()) {
		return track.Result{}, fault.New(fault.NotFound, textDraftGone)
	}
	return one.found, nil
}
