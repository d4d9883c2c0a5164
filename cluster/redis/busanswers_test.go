package redis_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redistest"
	"busker/internal/fault"

	goredis "github.com/redis/go-redis/v9"
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

// TestUnusedTopicsAreForgotten, also when nobody ever looks at them: each process has one
// of its own.
func TestUnusedTopicsAreForgotten(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	space := redistest.Namespace()
	server.Do("ZADD", space+":bus:topics", time.Now().Add(-8*24*time.Hour).Unix(), "member/old", time.Now().Unix(), "member/new")
	if err := process(t, server.URL(), space).Bus.Send(t.Context(), "work", cluster.Message{}); err != nil {
		t.Fatal(err)
	}
	if n := server.Do("ZCARD", space+":bus:topics"); n != int64(2) {
		t.Errorf("%v topics are listed", n)
	}
}

// TestAnswersThatMayChangeAreLookedUp: one that comes late must not be taken for that to the
// same ID sent anew.
func TestAnswersThatMayChangeAreLookedUp(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	space := redistest.Namespace()
	bus := process(t, server.URL(), space).Bus
	listener := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer listener.Close()
	replies := listener.PSubscribe(t.Context(), space+":reply:*")
	defer replies.Close()
	if _, err := replies.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		_ = bus.Serve(ctx, "work", cluster.Server{Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
			if m.Kind == "fails" {
				return nil, fault.New(fault.Unavailable, "Not now.")
			}
			return []byte("done"), nil
		}})
	})
	if _, err := bus.Request(ctx, "work", cluster.Message{ID: "1", Kind: "fails"}); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if answer, err := bus.Request(ctx, "work", cluster.Message{ID: "1"}); err != nil || string(answer) != "done" {
		t.Errorf("%q, %v", answer, err)
	}
	for _, told := range []string{"", "rdone"} {
		m, err := replies.ReceiveMessage(t.Context())
		if err != nil || m.Payload != "work\n1\n"+told {
			t.Errorf("published: %v, %v, want %q", m, err, told)
		}
	}
}
