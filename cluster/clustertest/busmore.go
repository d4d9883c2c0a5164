package clustertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"busker/cluster"
	"busker/internal/fault"
)

func retries(t *testing.T, b *bench) {
	bus := b.process().Bus
	failed, other, done := make(chan int, 10), make(chan string, 10), make(chan string, 10)
	mended := make(chan struct{})
	b.serve(b.process().Bus, cluster.Server{Consumer: "s", Workers: 1, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		switch m.ID {
		case "bad":
			failed <- m.Attempt
			if m.Attempt < 3 {
				return nil, errors.New("not yet")
			}
			<-mended
		case "other":
			other <- m.ID
			return nil, nil
		}
		done <- m.ID
		return nil, nil
	}})
	b.send(bus, cluster.Message{ID: "bad", Key: "a"})
	b.send(bus, cluster.Message{ID: "after", Key: "a"})
	next(b, failed)
	b.send(bus, cluster.Message{ID: "other", Key: "b"})
	next(b, other)
	for want := 2; want <= 3; want++ {
		if n := next(b, failed); n != want {
			t.Errorf("attempt %d, want %d", n, want)
		}
	}
	close(mended)
	if first, second := next(b, done), next(b, done); first != "bad" || second != "after" {
		t.Errorf("%s came before %s", first, second)
	}
}

func deadLetters(t *testing.T, b *bench) {
	bus := b.process().Bus
	var handled log
	mended := make(chan struct{})
	done := make(chan string, 10)
	b.serve(b.process().Bus, cluster.Server{Consumer: "s", Retries: 1, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		handled.add(fmt.Sprint(m.ID, m.Attempt))
		select {
		case <-mended:
		default:
			switch m.ID {
			case "p":
				return nil, errors.New("out of order")
			case "q":
				return nil, fault.New(fault.Invalid, "Makes no sense.")
			}
		}
		done <- m.ID
		return nil, nil
	}})
	b.send(bus, cluster.Message{ID: "p", Key: "k", Kind: "sing", Body: []byte("la\x00")})
	b.send(bus, cluster.Message{ID: "q", Key: "k"})
	b.send(bus, cluster.Message{ID: "r", Key: "k"})
	next(b, done)
	if got := handled.all(); got != "[p1 p2 q1 r1]" {
		t.Error(got)
	}
	dead, err := bus.Dead(b.ctx(), "work")
	if err != nil || len(dead) != 2 {
		t.Fatalf("%+v, %v", dead, err)
	}
	p, q := dead[0], dead[1]
	if p.ID != "p" || p.Key != "k" || p.Kind != "sing" || string(p.Body) != "la\x00" || p.Attempt != 2 || p.Why != "out of order" || p.Entry == "" || p.At.IsZero() {
		t.Errorf("%+v", p)
	}
	if q.ID != "q" || q.Attempt != 1 || q.Why != "Makes no sense." {
		t.Errorf("%+v", q)
	}
	if n, err := bus.Bury(b.ctx(), "work", q.Entry); n != 1 || err != nil {
		t.Error(n, err)
	}
	if n, err := bus.Replay(b.ctx(), "work", "nothing"); n != 0 || err != nil {
		t.Error(n, err)
	}
	close(mended)
	if n, err := bus.Replay(b.ctx(), "work"); n != 1 || err != nil {
		t.Error(n, err)
	}
	if id := next(b, done); id != "p" {
		t.Error(id)
	}
	if dead, err := bus.Dead(b.ctx(), "work"); len(dead) != 0 || err != nil {
		t.Errorf("%+v, %v", dead, err)
	}
}

func panics(t *testing.T, b *bench) {
	bus := b.process().Bus
	b.serve(b.process().Bus, cluster.Server{Consumer: "s", Workers: 1, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		if m.Kind == "bomb" {
			panic("boom")
		}
		return []byte("fine"), nil
	}})
	if _, err := b.request(bus, cluster.Message{Key: "k", Kind: "bomb"}); err == nil || !strings.Contains(err.Error(), "boom") || fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
	if answer, err := b.request(bus, cluster.Message{Key: "k"}); err != nil || answer != "fine" {
		t.Error(answer, err)
	}
}

func takeOver(t *testing.T, b *bench) {
	bus := b.process().Bus
	began := make(chan string, 10)
	_, older := b.serve(b.process().Bus, cluster.Server{Consumer: "old", Exclusive: true, Token: 7, Handle: func(ctx context.Context, m cluster.Message) ([]byte, error) {
		began <- m.ID
		<-ctx.Done() // until another has taken over
		return []byte("too late"), nil
	}})
	for i := range 5 {
		b.send(bus, cluster.Message{ID: fmt.Sprint("a", i), Key: "a"})
	}
	next(b, began)
	done := make(chan string, 10)
	handle := func(_ context.Context, m cluster.Message) ([]byte, error) {
		done <- m.ID
		return []byte("new"), nil
	}
	newer, _ := b.serve(b.process().Bus, cluster.Server{Consumer: "new", Exclusive: true, Token: 12, Handle: handle})
	for i := range 5 { // what the older one had and what it did not come to, in order
		if id := next(b, done); id != fmt.Sprint("a", i) {
			t.Errorf("%s came instead of a%d", id, i)
		}
	}
	if err := next(b, older); !errors.Is(err, cluster.ErrLost) {
		t.Errorf("the older server ended with %v", err)
	}
	if answer, err := b.request(bus, cluster.Message{ID: "a0", Key: "a"}); answer != "new" || err != nil {
		t.Errorf("the older server's answer was kept: %q, %v", answer, err)
	}
	err := b.process().Bus.Serve(b.ctx(), "work", cluster.Server{Consumer: "older", Exclusive: true, Token: 9, Handle: handle})
	if !errors.Is(err, cluster.ErrLost) {
		t.Errorf("a lower token was let in: %v", err)
	}
	if err := newer(); err != nil {
		t.Error(err)
	}
}

func sharing(t *testing.T, b *bench) {
	bus := b.process().Bus
	names, let := make(chan string, 100), make(chan struct{})
	for _, name := range []string{"one", "two"} {
		b.serve(b.process().Bus, cluster.Server{Consumer: name, Workers: 1, Handle: func(context.Context, cluster.Message) ([]byte, error) {
			names <- name
			<-let
			return nil, nil
		}})
	}
	for i := range 20 { // more than one takes
		b.send(bus, cluster.Message{Key: fmt.Sprint(i)})
	}
	seen := map[string]bool{}
	for i := range 20 {
		seen[next(b, names)] = true
		if i == 1 {
			close(let)
		}
	}
	if len(seen) != 2 {
		t.Errorf("only %v did anything", seen)
	}
}

func leaving(t *testing.T, b *bench) {
	bus := b.process().Bus
	began := make(chan string, 10)
	leave, _ := b.serve(b.process().Bus, cluster.Server{Consumer: "one", Handle: func(ctx context.Context, m cluster.Message) ([]byte, error) {
		began <- m.ID
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	for i := range 3 {
		b.send(bus, cluster.Message{ID: fmt.Sprint(i), Key: "k"})
	}
	next(b, began)
	if err := leave(); err != nil {
		t.Error(err)
	}
	done := make(chan string, 10)
	b.serve(b.process().Bus, cluster.Server{Consumer: "two", Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		done <- m.ID
		return nil, nil
	}})
	for i := range 3 {
		if id := next(b, done); id != fmt.Sprint(i) {
			t.Errorf("%s came instead of %d", id, i)
		}
	}
}

func waiting(t *testing.T, b *bench) {
	bus := b.process().Bus
	for i := range 200 {
		b.send(bus, cluster.Message{ID: fmt.Sprint(i), Key: fmt.Sprint(i % 3)})
	}
	done := make(chan string, 200)
	b.serve(b.process().Bus, cluster.Server{Consumer: "s", Workers: 2, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		done <- m.ID
		return nil, nil
	}})
	last := map[int]int{}
	for range 200 {
		var i int
		fmt.Sscan(next(b, done), &i) //nolint:errcheck // it is a number
		if last[i%3] > i {
			t.Errorf("%d came after %d", i, last[i%3])
		}
		last[i%3] = i
	}
}

func following(t *testing.T, b *bench) {
	bus := b.process().Bus
	const followers = 3
	heard := make([]chan cluster.Event, followers)
	ctx, cancel := context.WithCancel(b.ctx())
	defer cancel()
	ended := make([]chan error, followers)
	for i := range heard {
		heard[i] = make(chan cluster.Event, 4*cluster.Backlog)
		end := make(chan error, 1)
		ended[i] = end
		follower := b.process().Bus
		b.group.Go(func() { end <- follower.Follow(ctx, "news", func(e cluster.Event) { heard[i] <- e }) })
	}
	for _, h := range heard { // until it follows
		for following := false; !following; {
			if err := bus.Publish(b.ctx(), "news", "hello", nil); err != nil {
				t.Fatal(err)
			}
			select {
			case <-h:
				following = true
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	for i := range 300 {
		if err := bus.Publish(b.ctx(), "news", "fact", []byte(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range heard {
		for i := 0; i < 300; {
			e := next(b, h)
			switch {
			case e.Missed:
				t.Error("missed something before", string(e.Body))
			case e.Kind == "hello" && i == 0:
				continue
			case e.Kind != "fact" || string(e.Body) != fmt.Sprint(i):
				t.Fatalf("heard %s %s, want %d", e.Kind, e.Body, i)
			}
			i++
		}
	}
	cancel()
	for _, end := range ended {
		if err := next(b, end); err != nil {
			t.Error(err)
		}
	}
}

func topics(t *testing.T, b *bench) {
	bus := b.process().Bus
	began, let := make(chan string, 10), make(chan struct{})
	b.serve(b.process().Bus, cluster.Server{Consumer: "s", Exclusive: true, Token: 3, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		began <- m.ID
		<-let
		return nil, fault.New(fault.Invalid, "No.")
	}})
	for served := 0; served != 1; { // who serves it is seen before anybody sends to it
		list, err := bus.Topics(b.ctx())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			served = len(s.Consumers)
		}
	}
	b.send(bus, cluster.Message{ID: "1", Key: "k"})
	b.send(bus, cluster.Message{ID: "2", Key: "k"})
	next(b, began)
	if err := bus.Send(b.ctx(), "unserved", cluster.Message{}); err != nil {
		t.Fatal(err)
	}
	work := b.state("work")
	if work.Length != 2 || work.Pending+work.Lag != 2 || work.Dead != 0 || work.Token != 3 || len(work.Consumers) != 1 || !strings.HasPrefix(work.Consumers[0].Name, "s") || work.Oldest < 0 {
		t.Errorf("%+v", work)
	}
	if unserved := b.state("unserved"); unserved.Length != 1 || unserved.Lag != 1 || len(unserved.Consumers) != 0 {
		t.Errorf("%+v", unserved)
	}
	close(let)
	for work.Length != 0 || work.Dead != 2 {
		work = b.state("work")
	}
}

func (b *bench) state(topic string) cluster.TopicState {
	b.Helper()
	list, err := b.process().Bus.Topics(b.ctx())
	at := slices.IndexFunc(list, func(s cluster.TopicState) bool { return s.Name == topic })
	if err != nil || at < 0 {
		b.Fatalf("no %s in %+v, %v", topic, list, err)
	}
	return list[at]
}

func badNames(t *testing.T, b *bench) {
	bus := b.process().Bus
	for _, tt := range []struct {
		topic string
		m     cluster.Message
	}{
		{"", cluster.Message{}},
		{"a{b}", cluster.Message{}},
		{"a\nb", cluster.Message{}},
		{strings.Repeat("x", 201), cluster.Message{}},
		{"work", cluster.Message{ID: "a\x00"}},
		{"work", cluster.Message{ID: strings.Repeat("x", 201)}},
		{"work", cluster.Message{Body: make([]byte, cluster.MaxBody+1)}},
	} {
		if err := bus.Send(b.ctx(), tt.topic, tt.m); err == nil {
			t.Errorf("%.20q %.20q was taken", tt.topic, tt.m.ID)
		}
	}
}

// death: whoever dies has its messages handled by others.
func death(t *testing.T, b *bench) {
	bus := b.process().Bus
	dying := b.process()
	if dying.Kill == nil {
		t.Skip("its processes do not die")
	}
	began := make(chan string, 10)
	b.serve(dying.Bus, cluster.Server{Consumer: "dying", Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		began <- m.ID
		dying.Kill() // after the effect, before it is noted
		return []byte("unheard"), nil
	}})
	for i := range 3 {
		b.send(bus, cluster.Message{ID: fmt.Sprint(i), Key: "k"})
	}
	next(b, began)
	done := make(chan string, 10)
	b.serve(b.process().Bus, cluster.Server{Consumer: "heir", Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
		done <- fmt.Sprint(m.ID, m.Attempt)
		return []byte("heard"), nil
	}})
	b.send(bus, cluster.Message{ID: "3", Key: "k"})
	for i := range 4 {
		if id := next(b, done); id[:1] != fmt.Sprint(i) {
			t.Errorf("%s came instead of %d", id, i)
		}
	}
	if answer, err := b.request(bus, cluster.Message{ID: "0"}); answer != "heard" || err != nil {
		t.Error(answer, err)
	}
}
