package clustertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/internal/fault"
)

// Process is one that takes part in a bus.
type Process struct {
	Bus cluster.Bus
	// Kill ends it as if it had died: nothing it does from now on reaches the bus, and
	// nothing is given back. nil: it lives as long as the test.
	Kill func()
	// Cut cuts its connections, and heals them when it returns. nil: it has none.
	Cut func()
}

// Bus starts an empty bus and returns how to begin another process that takes part.
type Bus func(t testing.TB) func() Process

// TestBus checks what package cluster promises of a Bus.
func TestBus(t *testing.T, start Bus) {
	for _, test := range []struct {
		name string
		f    func(*testing.T, *bench)
	}{
		{"requests are answered", requestsAreAnswered},
		{"a key keeps its order, and keys go side by side", keysKeepTheirOrder},
		{"an ID is handled once", idsAreHandledOnce},
		{"faults survive the way", faultsSurvive},
		{"what did not happen can be asked again", forgottenErrors},
		{"a passed deadline is kept", deadlines},
		{"failures are tried again without holding up other keys", retries},
		{"poison goes to the dead and comes back on request", deadLetters},
		{"panics cost one message", panics},
		{"an exclusive server takes over", takeOver},
		{"servers share the work", sharing},
		{"what a server leaves goes to others", leaving},
		{"messages wait for a server", waiting},
		{"followers hear all in order", following},
		{"operators see topics", topics},
		{"bad names are refused", badNames},
		{"the dead are succeeded", death},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			b := &bench{T: t, process: start(t)}
			ctx, cancel := context.WithCancel(t.Context())
			b.ctx = func() context.Context { return ctx }
			defer b.group.Wait()
			defer cancel()
			test.f(t, b)
		})
	}
}

// bench is where a test tries a bus.
type bench struct {
	*testing.T
	process func() Process
	ctx     func() context.Context
	group   sync.WaitGroup
}

// patience is how long something may take that must happen.
const patience = time.Minute

// serve serves until the returned function is called, which waits for the end. ended
// gets what Serve returns before that.
func (b *bench) serve(bus cluster.Bus, s cluster.Server) (end func() error, ended <-chan error) {
	ctx, cancel := context.WithCancel(b.ctx())
	result := make(chan error, 1)
	b.group.Go(func() { result <- bus.Serve(ctx, "work", s) })
	return func() error { cancel(); return <-result }, result
}

func (b *bench) send(bus cluster.Bus, m cluster.Message) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx(), patience)
	defer cancel()
	if err := bus.Send(ctx, "work", m); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) request(bus cluster.Bus, m cluster.Message) (string, error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx(), patience)
	defer cancel()
	answer, err := bus.Request(ctx, "work", m)
	return string(answer), err
}

// next takes what comes out of a channel.
func next[T any](b *bench, from <-chan T) T {
	b.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case v := <-from:
		return v
	case <-timeout.C:
		b.Fatal("nothing came")
		panic("unreachable")
	}
}

// log notes what was handled.
type log struct {
	mu   sync.Mutex
	list []string
}

func (l *log) add(s string) { l.mu.Lock(); l.list = append(l.list, s); l.mu.Unlock() }

func (l *log) all() string { l.mu.Lock(); defer l.mu.Unlock(); return fmt.Sprint(l.list) }

func requestsAreAnswered(t *testing.T, b *bench) {
	server, client := b.process().Bus, b.process().Bus
	b.serve(server, cluster.Server{Consumer: "s", Handle: func(ctx context.Context, m cluster.Message) ([]byte, error) {
		at, ok := ctx.Deadline()
		if m.ID == "" || m.Attempt != 1 || !ok || time.Until(at) > patience+time.Second || m.Deadline.IsZero() {
			t.Errorf("%+v, deadline %v", m, at)
		}
		return append([]byte(m.Kind+":"+m.Key+":"), m.Body...), nil
	}})
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			body := fmt.Sprint("body ", i, "\x00\xff")
			answer, err := b.request(client, cluster.Message{Key: fmt.Sprint(i % 7), Kind: "echo", Body: []byte(body)})
			if want := fmt.Sprint("echo:", i%7, ":", body); err != nil || answer != want {
				t.Errorf("%q, %v, want %q", answer, err, want)
			}
		})
	}
	group.Wait()
	large := make([]byte, 300<<10)
	if answer, err := b.request(client, cluster.Message{Kind: "large", Body: large}); err != nil || len(answer) != len(large)+len("large::") {
		t.Errorf("%d bytes, %v", len(answer), err)
	}
}

func keysKeepTheirOrder(t *testing.T, b *bench) {
	server, client := b.process().Bus, b.process().Bus
	stuck, done := make(chan struct{}), make(chan string, 100)
	var handled log
	b.serve(server, cluster.Server{Consumer: "s", Workers: 4, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		if m.ID == "a0" {
			<-stuck
		}
		if m.Key == "a" {
			handled.add(m.ID)
		}
		done <- m.Key
		return nil, nil
	}})
	for i := range 10 {
		b.send(client, cluster.Message{ID: fmt.Sprint("a", i), Key: "a"})
	}
	for i := range 10 {
		b.send(client, cluster.Message{ID: fmt.Sprint("b", i), Key: "b"})
		b.send(client, cluster.Message{ID: fmt.Sprint("none", i)})
	}
	for range 20 {
		if key := next(b, done); key == "a" {
			t.Fatal("a message overtook another of its key")
		}
	}
	close(stuck)
	for range 10 {
		next(b, done)
	}
	if got := handled.all(); got != "[a0 a1 a2 a3 a4 a5 a6 a7 a8 a9]" {
		t.Error(got)
	}
}

func idsAreHandledOnce(t *testing.T, b *bench) {
	server, client, other := b.process().Bus, b.process().Bus, b.process().Bus
	began, let := make(chan string, 10), make(chan struct{})
	b.serve(server, cluster.Server{Consumer: "s", Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		began <- m.ID
		<-let
		return []byte("answer to " + string(m.Body)), nil
	}})
	answers := make(chan string, 2)
	for i, bus := range []cluster.Bus{client, other} { // both ask while it is handled
		b.group.Go(func() {
			answer, err := b.request(bus, cluster.Message{ID: "1", Body: []byte("one")})
			if err != nil {
				t.Error(err)
			}
			answers <- answer
		})
		if i == 0 {
			next(b, began)
		}
	}
	b.send(other, cluster.Message{ID: "1", Body: []byte("one")})
	close(let)
	for range 2 {
		if a := next(b, answers); a != "answer to one" {
			t.Errorf("%q", a)
		}
	}
	for _, bus := range []cluster.Bus{client, other} { // and again afterwards
		if a, err := b.request(bus, cluster.Message{ID: "1", Body: []byte("two")}); err != nil || a != "answer to one" {
			t.Errorf("%q, %v", a, err)
		}
		b.send(bus, cluster.Message{ID: "1", Body: []byte("two")})
	}
	b.send(client, cluster.Message{ID: "2"})
	if id := next(b, began); id != "2" {
		t.Errorf("%s was handled twice", id)
	}
}

func faultsSurvive(t *testing.T, b *bench) {
	bus := b.process().Bus
	b.serve(b.process().Bus, cluster.Server{Consumer: "s", Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		if m.Kind == "bare" {
			return nil, errors.New("dial tcp: refused")
		}
		return nil, fault.Newf(fault.TooLarge, "At most %d tracks of %s.", 7, fault.Term("you"))
	}})
	for range 2 { // the second is the kept one
		_, err := b.request(bus, cluster.Message{ID: "1"})
		var f *fault.Fault
		if !errors.As(err, &f) || f.Kind != fault.TooLarge || f.Format != "At most %d tracks of %s." || f.Message != "At most 7 tracks of you." {
			t.Fatalf("%#v", err)
		}
		if len(f.Args) != 2 || f.Args[0] != 7 || f.Args[1] != fault.Term("you") {
			t.Errorf("arguments %#v", f.Args)
		}
	}
	_, err := b.request(bus, cluster.Message{Kind: "bare"})
	if _, told := fault.Message(err); err == nil || err.Error() != "dial tcp: refused" || told {
		t.Errorf("%#v", err)
	}
}

func forgottenErrors(t *testing.T, b *bench) {
	bus := b.process().Bus
	attempts := 0
	b.serve(b.process().Bus, cluster.Server{Consumer: "s", Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		if attempts++; attempts == 1 { // one at a time: they have one key
			return nil, fault.New(fault.Unavailable, "Moved.")
		}
		return []byte("done"), nil
	}})
	if _, err := b.request(bus, cluster.Message{ID: "1", Key: "k"}); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if answer, err := b.request(bus, cluster.Message{ID: "1", Key: "k"}); err != nil || answer != "done" {
		t.Error(answer, err)
	}
}

func deadlines(t *testing.T, b *bench) {
	bus := b.process().Bus
	ctx, cancel := context.WithTimeout(b.ctx(), 50*time.Millisecond)
	defer cancel()
	_, err := bus.Request(ctx, "work", cluster.Message{ID: "late", Key: "k"}) // nobody serves
	if !errors.Is(err, context.DeadlineExceeded) || fault.KindOf(err) != fault.Timeout {
		t.Error(err)
	}
	b.send(bus, cluster.Message{ID: "past", Key: "k", Deadline: time.Now().Add(-time.Second)})
	began, let := make(chan string, 10), make(chan struct{})
	b.serve(b.process().Bus, cluster.Server{Consumer: "s", Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		began <- m.ID
		if m.ID == "slow" {
			<-let
		}
		return nil, nil
	}})
	b.send(bus, cluster.Message{ID: "slow", Key: "k"})
	if id := next(b, began); id != "slow" {
		t.Errorf("%s was handled after its deadline", id)
	}
	// This one is handed over in time, and its turn comes too late.
	ctx, cancel = context.WithTimeout(b.ctx(), 50*time.Millisecond)
	defer cancel()
	if _, err := bus.Request(ctx, "work", cluster.Message{ID: "queued", Key: "k"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	b.send(bus, cluster.Message{ID: "last", Key: "k"})
	close(let)
	if id := next(b, began); id != "last" {
		t.Errorf("%s was handled after its deadline", id)
	}
}
