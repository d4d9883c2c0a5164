package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/gateway"
	"busker/internal/bubble"
)

// inherit has one gateway keep a session with a guild and stop, something happen to what
// it kept in c, and another one start. It returns the opcode with which that one comes.
func inherit(t *testing.T, c *cluster.Cluster, guilds string, damage func(ctx context.Context, c *cluster.Cluster, token uint64) error) int {
	t.Helper()
	came := make(chan int, 1)
	d := newDiscord(t,
		func(p *peer) {
			p.begin("s1", guilds)
			if guilds != "" {
				p.create("")
			}
			p.stay()
		},
		func(p *peer) {
			p.hello(time.Minute)
			f, _ := p.next()
			came <- f.Op
			p.stay()
		},
	)
	opts := d.options()
	opts.Cluster, opts.Process = c, "a"
	a, stop := run(t, opts)
	if err := a.WaitReady(soon(t)); err != nil {
		t.Fatal(err)
	}
	if guilds != "" {
		eventually(t, "the guild is there", func() bool { return a.Online(1) })
	}
	token, _ := a.Token(1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if damage != nil {
		if err := damage(t.Context(), opts.Cluster, token); err != nil {
			t.Fatal(err)
		}
	}
	opts.Process = "b"
	run(t, opts)
	return get(t, came)
}

// TestWhatIsNotWholeIsNotResumed: a session is resumed only with all of its guilds known,
// for Discord would not tell of them again.
func TestWhatIsNotWholeIsNotResumed(t *testing.T) {
	t.Parallel()
	const identify, resume = 2, 6
	const table = "guilds/1/0"
	entry := func(change func([]byte) []byte) func(context.Context, *cluster.Cluster, uint64) error {
		return func(ctx context.Context, c *cluster.Cluster, token uint64) error {
			entries, err := c.Cache.Table(ctx, table)
			if err != nil {
				return err
			}
			return c.Cache.Put(ctx, table, token, map[string][]byte{"1": change(bytes.Clone(entries["1"]))}, time.Hour)
		}
	}
	note := func(text string) func(context.Context, *cluster.Cluster, uint64) error {
		return func(ctx context.Context, c *cluster.Cluster, _ uint64) error {
			grant, err := c.Leases.Acquire(ctx, "shard/1/0", "somebody", time.Minute)
			if err != nil {
				return err
			}
			if err := c.Leases.Note(ctx, grant.Lease, []byte(text)); err != nil {
				return err
			}
			return c.Leases.Release(ctx, grant.Lease)
		}
	}
	for name, tt := range map[string]struct {
		guilds string
		damage func(ctx context.Context, c *cluster.Cluster, token uint64) error
		want   int
	}{
		"whole":        {away, nil, resume},
		"of no guilds": {"", nil, resume},
		"no guild is left": {away, func(ctx context.Context, c *cluster.Cluster, token uint64) error {
			return c.Cache.Drop(ctx, table, token)
		}, identify},
		"a guild is missing":       {away, entry(func([]byte) []byte { return nil }), identify},
		"a guild is cut":           {away, entry(func(b []byte) []byte { return b[:len(b)-1] }), identify},
		"another version's":        {away, entry(func(b []byte) []byte { b[0]++; return b }), identify},
		"a note of noise":          {away, note("\x00\x01"), identify},
		"a note of another shape":  {away, note(`{"token":7,"up":true,"active":true,"state":{"session":"s1","guilds":[]}}`), identify},
		"a note without a session": {away, note(`{"token":7,"up":true,"active":true,"state":{}}`), identify},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if op := inherit(t, cluster.Local(), tt.guilds, tt.damage); op != tt.want {
				t.Errorf("the next owner comes with op %d, want %d", op, tt.want)
			}
		})
	}
}

// forgetful is a cluster that does not take the first note that tells of a guild.
type forgetful struct {
	cluster.Leases
	once sync.Once
}

// Note implements cluster.Leases.
func (f *forgetful) Note(ctx context.Context, l cluster.Lease, note []byte) (err error) {
	if bytes.Contains(note, []byte(`"guilds":1`)) {
		f.once.Do(func() { err = cluster.ErrUnreachable })
	}
	if err != nil {
		return err
	}
	return f.Leases.Note(ctx, l, note)
}

// TestALostNoteForgetsNoGuild: the guilds were kept, and the next note tells how many.
func TestALostNoteForgetsNoGuild(t *testing.T) {
	t.Parallel()
	c := cluster.Local()
	c.Leases = &forgetful{Leases: c.Leases}
	op := inherit(t, c, away, func(ctx context.Context, c *cluster.Cluster, token uint64) error {
		return c.Cache.Drop(ctx, "guilds/1/0", token)
	})
	if op != 2 {
		t.Errorf("the next owner comes with op %d to a session without its guild", op)
	}
}

// TestAQuietSetReplacesTheFormer: a guild that is listed never comes, and nor does any
// other event that would have the state kept once the shards count as up.
func TestAQuietSetReplacesTheFormer(t *testing.T) {
	t.Parallel()
	quiet := func(p *peer) {
		p.begin("s2", away)
		p.stay()
	}
	d := newDiscord(t, func(p *peer) {
		p.begin("s1", "")
		p.stay()
	}, quiet, quiet)
	opts := d.options()
	opts.Cluster = cluster.Local()
	g, _ := run(t, opts)
	if err := g.WaitReady(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := gateway.Reshard(soon(t), opts.Cluster, 2); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two shards", func() bool { _, shards := g.ShardOf(1); return shards == 2 })
}

// unread is a cache whose tables cannot be read.
type unread struct{ cluster.Cache }

// Table implements cluster.Cache.
func (unread) Table(context.Context, string) (map[string][]byte, error) {
	return nil, errors.New("a table of another kind")
}

// TestGuildsThatCannotBeReadHoldNobodyUp for longer than a session would live.
func TestGuildsThatCannotBeReadHoldNobodyUp(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := cluster.Local()
		c.Cache = unread{c.Cache}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		session, err := gateway.Inherit(ctx, c)
		if took := time.Since(began); err != nil || session.ID != "" || took > 2*time.Minute {
			t.Errorf("after %v it connects with %+v, %v", took, session, err)
		}
	})
}

// TestAGuildLeftMeanwhileIsForgotten: this process knew it when it had the shard before.
func TestAGuildLeftMeanwhileIsForgotten(t *testing.T) {
	entries := gateway.Fill(9).Changes()
	knew := gateway.Fill(10)
	knew.Restore(entries)
	knew.DropOthers(entries)
	if !knew.Same(gateway.Fill(9)) {
		t.Error("it is still known")
	}
}

// TestAWrongClockHoldsNobodyUp: a process whose clock is a day ahead said that nothing is left.
func TestAWrongClockHoldsNobodyUp(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := cluster.Local()
		ahead := time.Now().Add(24 * time.Hour)
		said, err := json.Marshal(gateway.Budget{Total: 1000, Remaining: 3, Asked: ahead, Reset: ahead.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Cache.Set(t.Context(), "identifies", said, 0); err != nil {
			t.Fatal(err)
		}
		wait := gateway.Permits(c, 1, time.Second, func(context.Context) (gateway.Budget, error) {
			return gateway.Budget{Total: 1000, Remaining: 900, Asked: time.Now(), Reset: time.Now().Add(time.Hour)}, nil
		})
		began := time.Now()
		if err := wait(t.Context(), 0); err != nil || time.Since(began) > time.Minute {
			t.Errorf("a session may begin after %v, %v", time.Since(began), err)
		}
	})
}
