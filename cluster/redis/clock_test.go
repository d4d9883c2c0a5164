package redis_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
)

// TestAClockThatIsSetBack makes everything a server keeps look as if its clock had been an
// hour ahead when it was written: what nobody keeps up ends as soon as ever, and what
// somebody holds stays held.
func TestAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	const ttl, ahead = 2 * time.Second, time.Hour
	server := redistest.Start(t)
	c := open(t, redis.Options{URL: redis.URL(server.URL()), Timeout: 5 * time.Second}).Cluster()
	began := time.Now()
	kept, err := c.Leases.Acquire(t.Context(), "kept", "a", ttl)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Leases.Acquire(t.Context(), "left", "dead", ttl); err != nil {
		t.Fatal(err)
	}
	if err := c.Members.Announce(t.Context(), cluster.Member{ID: "dead"}, ttl); err != nil {
		t.Fatal(err)
	}
	limit := cluster.Limit{Every: ttl}
	if wait, err := c.Limits.Take(t.Context(), "k", limit); err != nil || wait != 0 {
		t.Fatal(wait, err)
	}
	setAhead(server, ahead)
	kept.Token += uint64(ahead.Microseconds()) // of the clock, too

	_, err = c.Leases.Acquire(t.Context(), "left", "b", ttl)
	if !errors.Is(err, cluster.ErrHeld) && time.Since(began) < ttl {
		t.Errorf("a lease that is held: %v", err)
	}
	if wait, err := c.Limits.Take(t.Context(), "k", limit); err != nil || wait > ttl {
		t.Errorf("the next waits %v, %v", wait, err)
	}
	<-time.After(ttl + 100*time.Millisecond)
	if still, err := c.Leases.Renew(t.Context(), ttl, kept.Lease); err != nil || len(still) != 1 {
		t.Errorf("the lease is lost: %v", err)
	}
	if g, err := c.Leases.Acquire(t.Context(), "left", "b", ttl); err != nil || g.Token <= kept.Token {
		t.Errorf("a dead owner's lease: %+v, %v", g, err)
	}
	if wait, err := c.Limits.Take(t.Context(), "k", limit); err != nil || wait != 0 {
		t.Errorf("who waited waits %v more, %v", wait, err)
	}
	if all, err := c.Members.Members(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("there are %v, %v", all, err)
	}
}

// setAhead adds to all times that lie in a server.
func setAhead(server *redistest.Server, d time.Duration) {
	more := func(text string) string {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < time.Now().Add(-time.Hour).UnixMicro() {
			return text // no time
		}
		return strconv.FormatInt(n+d.Microseconds(), 10)
	}
	moved := func(v any) string {
		words := strings.Split(fmt.Sprint(v), " ")
		for i := range words {
			words[i] = more(words[i])
		}
		return strings.Join(words, " ")
	}
	for _, key := range server.Do("KEYS", "*").([]any) {
		if server.Do("TYPE", key) == "string" {
			server.Do("SET", key, moved(server.Do("GET", key)))
			continue
		}
		all := server.Do("HGETALL", key).([]any)
		for i := 0; i+1 < len(all); i += 2 {
			server.Do("HSET", key, all[i], moved(all[i+1]))
		}
	}
}
