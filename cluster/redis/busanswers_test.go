package redis_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redistest"
)

// TestAnswersGoWithTheirQuestions: what nobody can ask for again makes room.
func TestAnswersGoWithTheirQuestions(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	bus := process(t, server.URL(), redistest.Namespace()).Bus
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		_ = bus.Serve(ctx, "work", cluster.Server{Handle: func(_ context.Context, m cluster.Message) ([]byte, error) { return []byte(m.ID), nil }})
	})
	for id, least := range map[string]time.Duration{"": 0, "known": cluster.Keep - time.Minute} {
		bounded, end := context.WithTimeout(ctx, 5*time.Second)
		name, err := bus.Request(bounded, "work", cluster.Message{ID: id, Body: []byte("x")})
		end()
		if err != nil {
			t.Fatal(err)
		}
		keys, _ := server.Do("KEYS", "*:id:"+string(name)).([]any)
		if len(keys) != 1 {
			t.Fatalf("kept for %q: %v", id, keys)
		}
		ms, _ := server.Do("PTTL", keys[0]).(int64)
		if left := time.Duration(ms) * time.Millisecond; left < least || id == "" && left > 8*time.Second {
			t.Errorf("the answer to %q stays for %v", id, left)
		}
	}
}
