package app_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cmd/busker/internal/app"
	"busker/cmd/busker/internal/config"
	"busker/internal/snowflake"
	"busker/internal/telemetry"
	"busker/player"
	"busker/store"
)

// childOrders is set in processes that are not to test but to be the app.
const childOrders = "BUSKER_TEST_CHILD"

// orders say which app a child is to be.
type orders struct {
	Token, API, CA, Music, Store string
	Guilds                       []snowflake.ID

	// Of one process among several.
	Redis, Name string
	LeaseTTL    time.Duration
	// IdentifyEvery is the pause between sessions; 0 = as Discord asks.
	IdentifyEvery time.Duration
	// Watched has the process tell its metrics, and answer questions.
	Watched bool

	Ways map[string]string   `json:"-"` // to Redis, of processes that have their own
	By   map[string][]string `json:"-"` // the commands by which processes are started, if any
}

// report is what a child says of a guild, ten times a second.
type report struct {
	Guild    snowflake.ID
	State    string
	Channel  snowflake.ID
	Item     uint64
	Title    string
	Position time.Duration
	Volume   int
	Queue    []uint64
}

// beChild is the app until it is killed, and reports to its standard output.
func beChild(text string) {
	var o orders
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		err = o.play()
	}
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "the child ends:", err)
	os.Exit(1)
}

func (o orders) play() error {
	pem, err := os.ReadFile(o.CA)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	api, err := url.Parse(o.API)
	if err != nil {
		return err
	}
	kept, err := store.Open(context.Background(), o.Store, store.Options{})
	if err != nil {
		return err
	}
	tel, err := telemetry.New(telemetry.Options{
		Level: cmp.Or(os.Getenv("BUSKER_TEST_LOG"), "warn"), Output: os.Stderr, Listen: o.listen(),
	})
	if err != nil {
		return err
	}
	var agreed *cluster.Cluster
	var run func(context.Context) error
	if o.Redis != "" {
		r, err := redis.Open(context.Background(), redis.Options{URL: redis.URL(o.Redis), Process: o.Name, Logger: tel.Logger(), Metrics: redis.NewMetrics(tel.Registry())})
		if err != nil {
			return err
		}
		agreed, run = r.Cluster(), r.Run
	}
	a, err := app.New(app.Options{
		Cluster: agreed, RunCluster: run, Process: o.Name, LeaseTTL: o.LeaseTTL,
		Token: o.Token, MusicDir: o.Music, Store: kept, Telemetry: tel,
		Tuning:  config.Tuning{Engine: config.Engine{Limit: 1000}},
		Discord: app.Discord{API: api, IdentifyEvery: o.IdentifyEvery, Voice: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if o.Watched {
		go answerQuestions(ctx, a, tel)
	} else {
		go o.tell(a.Players())
	}
	if err := a.Run(ctx); err != nil || ctx.Err() == nil {
		return errors.Join(err, errors.New("it ended by itself"))
	}
	return nil
}

// tell writes a line of reports again and again, all of one moment: the more guilds there
// are, the less often.
func (o orders) tell(m *player.Manager) {
	out := json.NewEncoder(os.Stdout)
	for range time.Tick(max(100*time.Millisecond, time.Duration(len(o.Guilds))*20*time.Millisecond)) {
		var all []report
		for _, guild := range o.Guilds {
			s, _ := m.Status(guild)
			r := report{guild, s.State.String(), s.Channel, s.ItemID, s.Track.Title, s.Position, s.Volume, nil}
			for _, it := range s.Queue {
				r.Queue = append(r.Queue, it.ID)
			}
			all = append(all, r)
		}
		if out.Encode(all) != nil {
			return
		}
	}
}

// child is the app in a process of its own.
type child struct {
	process  *exec.Cmd
	reading  sync.WaitGroup
	asking   io.Writer
	findings chan finding

	mu   sync.Mutex
	last map[snowflake.ID]report
	seen map[snowflake.ID]report // the first that says a guild plays
}

func startChild(t *testing.T, o orders) *child {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := append(slices.Clone(o.By[o.Name]), self)
	c := &child{
		process: exec.Command(command[0], command[1:]...), findings: make(chan finding, 1), //nolint:gosec // ourselves
		last: map[snowflake.ID]report{}, seen: map[snowflake.ID]report{},
	}
	c.process.Env = append(os.Environ(), childOrders+"="+string(text))
	var log strings.Builder
	c.process.Stderr = &log
	out, err := c.process.StdoutPipe()
	if err == nil {
		c.asking, err = c.process.StdinPipe()
	}
	if err == nil {
		err = c.process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.reading.Go(func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			c.hear(lines.Bytes())
		}
	})
	t.Cleanup(func() {
		c.kill()
		if log.Len() > 0 {
			t.Logf("the child said:\n%s", log.String())
		}
	})
	return c
}

func (c *child) hear(line []byte) {
	var one finding
	if json.Unmarshal(line, &one) == nil {
		c.findings <- one
		return
	}
	var all []report
	if json.Unmarshal(line, &all) != nil {
		return // cut off
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range all {
		c.last[r.Guild] = r
		if _, seen := c.seen[r.Guild]; !seen && r.State == "playing" {
			c.seen[r.Guild] = r
		}
	}
}

// kill ends the process as kill -9 does, and returns what it said last.
func (c *child) kill() map[snowflake.ID]report {
	_ = c.process.Process.Kill()
	c.reading.Wait()
	_ = c.process.Wait()
	return c.last
}

// playing waits until all guilds play, and returns what was first said of that.
func (c *child) playing(t *testing.T, guilds int) map[snowflake.ID]report {
	t.Helper()
	late := time.After(patience)
	for {
		c.mu.Lock()
		n := len(c.seen)
		c.mu.Unlock()
		if n == guilds {
			return c.seen
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-late:
			t.Fatalf("%d of %d guilds play: %+v", n, guilds, c.last)
		}
	}
}
