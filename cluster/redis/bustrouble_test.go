package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/clustertest"
	"busker/cluster/redis"
	"busker/cluster/redistest"
	"busker/internal/fault"
)

// office is a topic and a feed in use, over Redis at one URL.
type office struct {
	*testing.T
	client cluster.Bus
	asked  atomic.Int64
	next   int // number of the newest event

	mu     sync.Mutex
	heard  []string
	missed int
}

// openOffice has one process serve and follow, and another ask and publish.
func openOffice(t *testing.T, url, space string) *office {
	o := &office{T: t, client: process(t, url, space).Bus}
	server := process(t, url, space).Bus
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	t.Cleanup(func() { cancel(); group.Wait() })
	group.Go(func() {
		err := server.Serve(ctx, "work", cluster.Server{Consumer: "s", Exclusive: true, Token: 5, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
			o.asked.Add(1)
			return m.Body, nil
		}})
		if err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	group.Go(func() {
		_ = server.Follow(ctx, "news", func(e cluster.Event) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.heard = append(o.heard, string(e.Body))
			if e.Missed {
				o.missed++
			}
		})
	})
	o.works()
	return o
}

// works waits until questions are answered and news are heard.
func (o *office) works() {
	o.Helper()
	o.next++
	name := fmt.Sprint("n", o.next)
	redistest.Eventually(o, func() error {
		ctx, cancel := context.WithTimeout(o.Context(), 10*time.Second)
		defer cancel()
		answer, err := o.client.Request(ctx, "work", cluster.Message{ID: name, Key: "k", Body: []byte(name)})
		if err == nil && string(answer) != name {
			o.Errorf("answered %q", answer)
		}
		return err
	})
	redistest.Eventually(o, func() error {
		if err := o.client.Publish(o.Context(), "news", "x", []byte(name)); err != nil {
			return err
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.heard) == 0 || o.heard[len(o.heard)-1] != name {
			return errors.New("the news are not heard")
		}
		return nil
	})
}

func TestBusOutlastsItsServer(t *testing.T) {
	t.Parallel()
	for _, trouble := range []struct {
		name string
		f    func(*redistest.Server)
	}{
		{"restarted", (*redistest.Server).Restart},
		{"killed", func(s *redistest.Server) { s.Kill(); s.Restart() }},
		{"wiped", func(s *redistest.Server) { s.Kill(); s.Wipe(); s.Restart() }},
		{"emptied", func(s *redistest.Server) { s.Do("FLUSHALL") }},
		{"without its scripts", func(s *redistest.Server) { s.Do("SCRIPT", "FLUSH") }},
	} {
		t.Run(trouble.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			o := openOffice(t, server.URL(), redistest.Namespace())
			trouble.f(server)
			o.works()
			trouble.f(server)
			o.works()
		})
	}
}

func TestBusOutlastsAFailover(t *testing.T) {
	t.Parallel()
	s := redistest.StartSentinel(t)
	o := openOffice(t, s.URL(), redistest.Namespace())
	s.Master().Kill()
	o.works()
}

func TestBusOutlastsALostNode(t *testing.T) {
	t.Parallel()
	nodes, space := redistest.StartCluster(t), redistest.Namespace()
	o := openOffice(t, nodes.URL(), space)
	nodes.Of("{" + space + ":bus:work}:queue").Kill()
	o.works()
}

// TestRequestsWithoutRings: who does not hear that it was answered asks again, and gets
// what was said, also an error that is not kept for others.
func TestRequestsWithoutRings(t *testing.T) {
	t.Parallel()
	url, space := redistest.Start(t).URL(), redistest.Namespace()
	deaf := open(t, redis.Options{URL: redis.URL(url), Namespace: space}).Cluster().Bus // Run does not run
	server := process(t, url, space).Bus
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	var handled atomic.Int64
	group.Go(func() {
		_ = server.Serve(ctx, "work", cluster.Server{Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
			if handled.Add(1); m.Kind == "move" {
				return nil, fault.New(fault.Unavailable, "Moved.")
			}
			return []byte("here"), nil
		}})
	})
	if answer, err := deaf.Request(ctx, "work", cluster.Message{}); err != nil || string(answer) != "here" {
		t.Errorf("%q, %v", answer, err)
	}
	_, err := deaf.Request(ctx, "work", cluster.Message{Kind: "move"})
	if fault.KindOf(err) != fault.Unavailable || handled.Load() != 2 {
		t.Errorf("%v after %d calls", err, handled.Load())
	}
}

func TestBusOnACluster(t *testing.T) {
	t.Parallel()
	clustertest.TestBus(t, busOn(redistest.StartCluster(t).URL()))
}

// TestBusHealsAfterCuts: the network of the one who serves is cut, and stalled.
func TestBusHealsAfterCuts(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	way := server.Proxy()
	o := openOffice(t, way.URL(), redistest.Namespace())
	for _, trouble := range []func(){way.Cut, way.Stall} {
		trouble()
		way.Heal()
		o.works()
	}
}

// TestReplacedServersDoNothing: who was stopped while another took over hears so when it
// wakes, and neither reads nor notes anything.
func TestReplacedServersDoNothing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	space, way := redistest.Namespace(), server.Proxy()
	stopped, client := process(t, way.URL(), space).Bus, process(t, server.URL(), space).Bus
	began, wake, ended := make(chan string, 10), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- stopped.Serve(t.Context(), "work", cluster.Server{Exclusive: true, Token: 1, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
			began <- m.ID
			<-wake
			return []byte("old"), nil
		}})
	}()
	for _, id := range []string{"1", "2"} {
		if err := client.Send(t.Context(), "work", cluster.Message{ID: id, Key: "k"}); err != nil {
			t.Fatal(err)
		}
	}
	<-began
	way.Stall()
	handled := make(chan string, 10)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		if err := client.Serve(ctx, "work", cluster.Server{Exclusive: true, Token: 2, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
			handled <- m.ID
			return []byte("new"), nil
		}}); err != nil {
			t.Error(err)
		}
	})
	for _, want := range []string{"1", "2"} {
		if id := <-handled; id != want {
			t.Errorf("%s came instead of %s", id, want)
		}
	}
	close(wake)
	way.Heal()
	if err := <-ended; !errors.Is(err, cluster.ErrLost) {
		t.Errorf("the old server ended with %v", err)
	}
	answer, err := client.Request(t.Context(), "work", cluster.Message{ID: "1"})
	if string(answer) != "new" || err != nil {
		t.Errorf("%q, %v", answer, err)
	}
	if len(began) > 0 {
		t.Errorf("the old server began %s", <-began)
	}
}

func TestManyTopicsNeedFewConnections(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	bus := process(t, server.URL(), redistest.Namespace()).Bus
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	const shards = 64
	for i := range shards {
		group.Go(func() {
			_ = bus.Serve(ctx, fmt.Sprint("shard/64/", i), cluster.Server{Exclusive: true, Token: 1, Handle: func(context.Context, cluster.Message) ([]byte, error) {
				return nil, nil
			}})
		})
	}
	for i := range shards {
		if _, err := bus.Request(ctx, fmt.Sprint("shard/64/", i), cluster.Message{}); err != nil {
			t.Fatal(err)
		}
	}
	listening := 0
	clients := fmt.Sprint(server.Do("CLIENT", "LIST"))
	for line := range strings.SplitSeq(clients, "\n") {
		if strings.Contains(line, "cmd=subscribe") {
			listening++
		}
	}
	if n := strings.Count(clients, " addr="); listening != 1 || n > 38 { // Options.Connections, four for leases, the listener, and this one
		t.Errorf("%d connections, %d of them listen", n, listening)
	}
}

func TestUnreadableEntriesGoToTheDead(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	space := redistest.Namespace()
	bus := process(t, server.URL(), space).Bus
	for _, fields := range [][]any{{"x", "y"}, {"v", "9", "id", "1", "k", "k"}, {"v", "1", "k", "k", "b", "z"}} {
		server.Do(append([]any{"XADD", "{" + space + ":bus:work}:queue", "*"}, fields...)...)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		_ = bus.Serve(ctx, "work", cluster.Server{Handle: func(_ context.Context, m cluster.Message) ([]byte, error) { return []byte(m.ID), nil }})
	})
	if _, err := bus.Request(ctx, "work", cluster.Message{Key: "k"}); err != nil { // the key goes on
		t.Error(err)
	}
	redistest.Eventually(t, func() error {
		if dead, err := bus.Dead(ctx, "work"); err != nil || len(dead) != 3 {
			return fmt.Errorf("%d dead, %w", len(dead), err)
		}
		return nil
	})
	if n, err := bus.Bury(ctx, "work"); n != 3 || err != nil {
		t.Error(n, err)
	}
}

func TestFollowersHearThatTheyFellBehind(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	space, way := redistest.Namespace(), server.Proxy()
	follower, publisher := process(t, way.URL(), space).Bus, process(t, server.URL(), space).Bus
	heard := make(chan cluster.Event, 4*cluster.Backlog)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() { _ = follower.Follow(ctx, "news", func(e cluster.Event) { heard <- e }) })
	publish := func(kind string) {
		if err := publisher.Publish(ctx, "news", kind, nil); err != nil {
			t.Fatal(err)
		}
	}
	redistest.Eventually(t, func() error {
		publish("hello")
		if len(heard) == 0 {
			return errors.New("nothing is heard")
		}
		return nil
	})
	way.Cut()
	var publishers sync.WaitGroup
	for range 20 {
		publishers.Go(func() {
			for range (cluster.Backlog + 500) / 20 {
				if err := publisher.Publish(ctx, "news", "fact", nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	publishers.Wait()
	publish("last")
	way.Heal()
	missed, facts := 0, 0
	for e := range heard {
		if e.Missed {
			missed++
		}
		if e.Kind == "fact" {
			facts++
		}
		if e.Kind == "last" {
			break
		}
	}
	if missed != 1 || facts < cluster.Backlog-1 || facts >= cluster.Backlog+400 {
		t.Errorf("heard %d facts, was told of missing some %d times", facts, missed)
	}
}

// TestNothingStaysForever: what was handled is gone, and all that a topic leaves expires.
func TestNothingStaysForever(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	o := openOffice(t, server.URL(), redistest.Namespace())
	for range 20 {
		o.works()
	}
	keys, _ := server.Do("KEYS", "*").([]any)
	for _, key := range keys {
		left, ok := server.Do("PTTL", key).(int64) // -1: it has none; -2: it is gone by now
		if name := key.(string); (!ok || left == -1) && !strings.HasSuffix(name, ":bus:topics") {
			t.Errorf("%s stays forever", name)
		}
		if name := key.(string); strings.HasSuffix(name, ":queue") {
			if n := server.Do("XLEN", key); n != int64(0) {
				t.Errorf("%v messages stay in %s", n, name)
			}
		}
	}
}

// TestBusWithFullMemory: what is in a topic is handled, nothing new is taken, and all goes on
// when there is room again.
func TestBusWithFullMemory(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	space := redistest.Namespace()
	bus := process(t, server.URL(), space).Bus
	if err := bus.Send(t.Context(), "work", cluster.Message{ID: "before"}); err != nil {
		t.Fatal(err)
	}
	server.Fill()
	handled := make(chan string, 10)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		_ = bus.Serve(ctx, "work", cluster.Server{Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
			handled <- m.ID
			return nil, nil
		}})
	})
	if id := <-handled; id != "before" {
		t.Error(id)
	}
	if err := bus.Send(ctx, "work", cluster.Message{ID: "full"}); !errors.Is(err, cluster.ErrUnreachable) {
		t.Errorf("a full server: %v", err)
	}
	server.Empty()
	redistest.Eventually(t, func() error { return bus.Send(ctx, "work", cluster.Message{ID: "after"}) })
	if id := <-handled; id != "after" {
		t.Error(id)
	}
}

// TestUnservedTopicsDoNotGrow: questions that nobody answered in time make room.
func TestUnservedTopicsDoNotGrow(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	bus := process(t, server.URL(), redistest.Namespace()).Bus
	for range 600 {
		if err := bus.Send(t.Context(), "work", cluster.Message{Deadline: time.Now().Add(20 * time.Millisecond)}); err != nil {
			t.Fatal(err)
		}
	}
	states, err := bus.Topics(t.Context())
	if err != nil || len(states) != 1 || states[0].Length > 400 {
		t.Errorf("%+v, %v", states, err)
	}
}

func BenchmarkRequest(b *testing.B) {
	bus := process(b, redistest.Start(b).URL(), redistest.Namespace()).Bus
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		_ = bus.Serve(ctx, "work", cluster.Server{Exclusive: true, Token: 1, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
			return m.Body, nil
		}})
	})
	body := make([]byte, 200)
	for b.Loop() {
		if _, err := bus.Request(ctx, "work", cluster.Message{Key: "k", Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}
