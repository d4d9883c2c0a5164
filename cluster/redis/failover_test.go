package redis_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
)

var contendFor = flag.Duration("redis.contend", 2*time.Second, "how long processes contend for leases while their networks fail")

// ledger is what all processes of a test believe at the moment, which none of them
// knows of the others.
type ledger struct {
	mu      sync.Mutex
	beliefs map[string]cluster.Lease
	newest  map[string]uint64
	granted map[uint64]string // to whom, and what
	doubled int               // times two trusted one lease
	twice   int               // tokens granted twice
	why     string
}

// grant says that a process was granted l.
func (b *ledger) grant(l cluster.Lease) {
	b.mu.Lock()
	what := l.Owner + " " + l.Key
	if before := b.granted[l.Token]; before != "" && before != what {
		b.twice++
	}
	b.granted[l.Token] = what
	b.mu.Unlock()
	b.believe(l)
}

// believe says that a process has got, or renewed, l. It is doubled if another still
// believes to have it.
func (b *ledger) believe(l cluster.Lease) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.beliefs[l.Key]
	if before.Token != l.Token && before.Trusted() && l.Trusted() {
		b.doubled++
		b.why = fmt.Sprintf("%s is %s's (%d) and %s's (%d)", l.Key, before.Owner, before.Token, l.Owner, l.Token)
	}
	if l.Token < b.newest[l.Key] && l.Trusted() {
		b.doubled++
		b.why = fmt.Sprintf("%s went back from %d to %d", l.Key, b.newest[l.Key], l.Token)
	}
	b.newest[l.Key] = max(b.newest[l.Key], l.Token)
	b.beliefs[l.Key] = l
}

// forget says that a process no longer acts for l.
func (b *ledger) forget(l cluster.Lease) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.beliefs[l.Key].Token == l.Token {
		delete(b.beliefs, l.Key)
	}
}

// contender is a process that wants all keys, as the fleet does.
type contender struct {
	name   string
	c      *cluster.Cluster
	keys   []string
	ttl    time.Duration
	ledger *ledger
	held   map[string]cluster.Lease
	random *rand.Rand
}

// run acquires and renews, and now and then releases, transfers or is stopped for
// longer than its leases live.
func (p *contender) run(ctx context.Context) {
	tick := time.NewTicker(p.ttl / 8)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		p.renew(ctx)
		p.acquire(ctx)
		p.whim(ctx)
	}
}

func (p *contender) renew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.ttl/2)
	defer cancel()
	var mine []cluster.Lease
	for _, l := range p.held {
		mine = append(mine, l)
	}
	still, err := p.c.Leases.Renew(ctx, p.ttl, mine...)
	if err != nil {
		return // as trusted as they were
	}
	clear(p.held)
	for _, l := range still {
		p.held[l.Key] = l
		p.ledger.believe(l)
	}
}

func (p *contender) acquire(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.ttl/2)
	defer cancel()
	key := p.keys[p.random.IntN(len(p.keys))]
	if _, mine := p.held[key]; mine {
		return
	}
	if g, err := p.c.Leases.Acquire(ctx, key, p.name, p.ttl); err == nil {
		p.held[key] = g.Lease
		p.ledger.grant(g.Lease)
	}
}

func (p *contender) whim(ctx context.Context) {
	short, cancel := context.WithTimeout(ctx, p.ttl/2)
	defer cancel()
	switch p.random.IntN(20) {
	case 0: // it gives one up
		for key, l := range p.held {
			p.ledger.forget(l)
			delete(p.held, key)
			_ = p.c.Leases.Release(short, l) // or it expires
			return
		}
	case 1: // it hands one to nobody
		for key, l := range p.held {
			p.ledger.forget(l)
			delete(p.held, key)
			_, _ = p.c.Leases.Transfer(short, l, "nobody", p.ttl/4) // or it expires
			return
		}
	case 2: // it is stopped
		select {
		case <-ctx.Done():
		case <-time.After(2 * p.ttl):
		}
	}
}

// contend lets processes contend while trouble goes on, and returns what came of it.
func contend(t *testing.T, urls []string, ttl time.Duration, trouble func(*ledger)) *ledger {
	t.Helper()
	b := &ledger{beliefs: map[string]cluster.Lease{}, newest: map[string]uint64{}, granted: map[uint64]string{}}
	keys := []string{"contended/0", "contended/1", "contended/2", "contended/3"}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for n, url := range urls {
		r := open(t, redis.Options{URL: redis.URL(url), Timeout: ttl / 4})
		p := &contender{
			name: fmt.Sprint("process ", n), c: r.Cluster(), keys: keys, ttl: ttl, ledger: b,
			held: map[string]cluster.Lease{}, random: rand.New(rand.NewPCG(1, uint64(n))),
		}
		running.Go(func() { _ = r.Run(ctx) })
		running.Go(func() { p.run(ctx) })
	}
	trouble(b)
	cancel()
	running.Wait()
	t.Logf("%d grants", len(b.granted))
	if b.twice > 0 {
		t.Errorf("%d tokens were granted twice", b.twice)
	}
	return b
}

// more waits until n more leases are granted.
func (b *ledger) more(t *testing.T, n int) {
	t.Helper()
	count := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.granted)
	}
	before := count()
	redistest.Eventually(t, func() error {
		if now := count(); now < before+n {
			return fmt.Errorf("%d grants, want %d", now, before+n)
		}
		return nil
	})
}

// never finds that no lease was trusted by two.
func (b *ledger) never(t *testing.T) {
	t.Helper()
	if b.doubled > 0 {
		t.Errorf("%d times two trusted one lease: %s", b.doubled, b.why)
	}
}

// pause waits for d, or ctx.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func TestNoLeaseIsEverTrustedByTwo(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var proxies []*redistest.Proxy
	var urls []string
	for range 6 {
		p := server.Proxy()
		proxies, urls = append(proxies, p), append(urls, p.URL())
	}
	random := rand.New(rand.NewPCG(2, 3))
	const ttl = 400 * time.Millisecond
	contend(t, urls, ttl, func(b *ledger) {
		b.more(t, len(urls))
		ctx, cancel := context.WithTimeout(t.Context(), *contendFor)
		defer cancel()
		for ctx.Err() == nil {
			p := proxies[random.IntN(len(proxies))]
			switch random.IntN(3) {
			case 0:
				p.Cut()
			case 1:
				p.Stall()
			case 2:
				p.Latency(time.Duration(random.IntN(400)) * time.Millisecond)
			}
			pause(ctx, time.Duration(random.IntN(int(ttl))))
			p.Heal()
		}
	}).never(t)
}

func TestAServerKilledWhileProcessesContend(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	contend(t, []string{server.URL(), server.URL(), server.URL()}, time.Second, func(b *ledger) {
		for range 2 {
			b.more(t, 3)
			server.Kill()
			pause(t.Context(), 300*time.Millisecond)
			server.Restart()
			b.more(t, 2)
		}
	}).never(t)
}

func TestFailover(t *testing.T) {
	t.Parallel()
	s := redistest.StartSentinel(t)
	failover(t, s.URL(), s.Master, func(lost *redistest.Server) {
		redistest.Eventually(t, func() error {
			if s.Master() == lost {
				return errors.New("the master is the old one")
			}
			return nil
		})
	})
}

func TestALostNodeOfACluster(t *testing.T) {
	t.Parallel()
	nodes := redistest.StartCluster(t)
	home := func() *redistest.Server { return nodes.Of("{busker:leases}:leases") }
	failover(t, nodes.URL(), home, func(*redistest.Server) { nodes.Settled() })
}

// failover replaces the server that keeps the leases while processes contend for
// others. A lease may be trusted by two for a moment after it, if the replica had not
// heard of a grant; a token is never granted twice.
func failover(t *testing.T, url string, home func() *redistest.Server, replaced func(*redistest.Server)) {
	t.Helper()
	b := contend(t, []string{url, url, url}, time.Second, func(b *ledger) { replace(t, b, url, home, replaced) })
	t.Logf("%d times two trusted one lease %s", b.doubled, b.why)
}

// replace kills the server that keeps the leases.
func replace(t *testing.T, b *ledger, url string, home func() *redistest.Server, replaced func(*redistest.Server)) {
	t.Helper()
	r := open(t, redis.Options{URL: redis.URL(url)})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	defer running.Wait()
	defer cancel()
	c := r.Cluster()
	const ttl = time.Minute // nothing expires: what is lost was forgotten
	var mine []cluster.Lease
	for n := range 16 {
		g, err := c.Leases.Acquire(ctx, fmt.Sprint("shard/16/", n), "a", ttl)
		if err != nil {
			t.Fatal(err)
		}
		mine = append(mine, g.Lease)
	}
	b.more(t, 4)
	lost := home()
	lost.Kill()
	if err := try(t, func(ctx context.Context) error { _, err := c.Leases.Renew(ctx, ttl, mine...); return err }); !errors.Is(err, cluster.ErrUnreachable) {
		t.Errorf("renewed by a dead server: %v", err)
	}
	replaced(lost)
	redistest.Eventually(t, func() error {
		return try(t, func(ctx context.Context) error {
			still, err := c.Leases.Renew(ctx, ttl, mine...)
			if err == nil && len(still) != len(mine) {
				t.Fatalf("%d of %d leases are left", len(still), len(mine))
			}
			return err
		})
	})
	recovered(t, c, mine[0])
	g, err := c.Leases.Acquire(ctx, "later", "a", ttl)
	if err != nil || g.Token <= mine[15].Token {
		t.Fatalf("granted %d after %d, %v", g.Token, mine[15].Token, err)
	}
	b.more(t, 2)
	lost.Restart() // as a replica, or to be made one
	replaced(lost)
	recovered(t, c, mine[0])
}
