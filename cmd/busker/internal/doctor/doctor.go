// Package doctor looks at all a bot needs (its account, Discord, Redis, the store, the
// machine) and says in sentences what is wrong and what to do about it.
//
// Nothing is changed by looking: no session is begun at Discord, no schema migrated, no
// file left. Checks run side by side, each for a bounded time.
package doctor

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"sync"
	"time"

	"busker/cmd/busker/internal/config"
	"busker/internal/cores"
)

// State is how a finding is to be taken.
type State string

// From harmless to grave.
const (
	OK      State = "ok"
	Note    State = "note"    // worth knowing, nothing to do; what was not checked, too
	Warning State = "warning" // it works, and will trouble somebody
	Problem State = "problem" // it does not work
)

// Finding is one thing a check found.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Says  string `json:"says"`         // what is the case
	Do    string `json:"do,omitempty"` // what to do about it
}

// Options say what to look at. The functions are how the machine is asked; nil asks the
// real one.
type Options struct {
	Config  *config.Config
	Timeout time.Duration // of one check; 0 = 10 s
	// Clocks returns what time it is, for comparing; nil = time.Now.
	Now func() time.Time
	// Dial opens a connected UDP socket.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// LookPath finds a program.
	LookPath func(name string) (string, error)
	// OpenFiles is how many files the process may have open; 0 = as many as it likes.
	OpenFiles func() uint64
	// Cores is how many cores the process may use.
	Cores func() int
	// FreeSpace is what a folder's disk has left, in bytes; false where that cannot be told.
	FreeSpace func(folder string) (uint64, bool)
}

const defaultTimeout = 10 * time.Second

func (o *Options) fill() {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.LookPath == nil {
		o.LookPath = exec.LookPath
	}
	if o.OpenFiles == nil {
		o.OpenFiles = openFiles
	}
	if o.Cores == nil {
		o.Cores = cores.Count
	}
	if o.FreeSpace == nil {
		o.FreeSpace = freeSpace
	}
}

// doctor is one examination.
type doctor struct {
	Options
	discord *discord
}

// check is one thing to look at.
type check struct {
	name string
	look func(context.Context, *findings)
}

// Examine carries out all checks and returns what they found, in a fixed order.
func Examine(ctx context.Context, o Options) []Finding {
	o.fill()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	d := &doctor{Options: o, discord: newDiscord(ctx, o.Config.Discord)}
	defer d.discord.close()
	checks := []check{
		{"role", d.role},
		{"token", d.token},
		{"intents", d.intents},
		{"shards", d.shards},
		{"permissions", d.permissions},
		{"redis", d.redis},
		{"store", d.store},
		{"clock", d.clock},
		{"udp", d.udp},
		{"folders", d.folders},
		{"files", d.files},
		{"cores", d.cores},
		{"ffmpeg", d.ffmpeg},
		{"yt-dlp", d.ytdlp},
	}
	found := make([][]Finding, len(checks))
	var looking sync.WaitGroup
	for i, c := range checks {
		looking.Go(func() { found[i] = c.within(ctx) })
	}
	looking.Wait()
	var all []Finding
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}

// within carries the check out and gives up at the end of ctx. A call that the system
// does not come back from, of a network file system for one, is left behind: the process
// ends soon.
func (c check) within(ctx context.Context) []Finding {
	done := make(chan []Finding, 1)
	go func() {
		f := findings{check: c.name}
		c.look(ctx, &f)
		done <- f.list
	}()
	select {
	case list := <-done:
		return list
	case <-ctx.Done():
	}
	select {
	case list := <-done: // it gave up, too, and says why
		return list
	case <-time.After(lastWords):
		return []Finding{{
			Check: c.name, State: Problem, Says: "No answer in time.",
			Do: "See whether the disk, the network or the server in question hangs.",
		}}
	}
}

// lastWords is how long a check may take to say that its context has ended.
const lastWords = time.Second

// findings collects what one check found.
type findings struct {
	check string
	list  []Finding
}

func (f *findings) ok(format string, args ...any)   { f.add(OK, "", format, args...) }
func (f *findings) note(format string, args ...any) { f.add(Note, "", format, args...) }

func (f *findings) warn(do, format string, args ...any)    { f.add(Warning, do, format, args...) }
func (f *findings) problem(do, format string, args ...any) { f.add(Problem, do, format, args...) }

func (f *findings) add(s State, do, format string, args ...any) {
	f.list = append(f.list, Finding{Check: f.check, State: s, Says: fmt.Sprintf(format, args...), Do: do})
}

// Sick reports whether there is a problem among the findings.
func Sick(all []Finding) bool { return Worst(all) == Problem }

// Worst is the gravest state there is among the findings.
func Worst(all []Finding) State {
	grave := []State{OK, Note, Warning, Problem}
	worst := 0
	for _, f := range all {
		for i, s := range grave {
			if f.State == s {
				worst = max(worst, i)
			}
		}
	}
	return grave[worst]
}

// role says what the process is to be.
func (d *doctor) role(_ context.Context, f *findings) {
	c := d.Config
	if err := c.CheckRole(); err != nil {
		f.problem("Set what it names, or take another role.", "%s.", sentence(err.Error()))
		return
	}
	switch {
	case c.Role == config.RoleNode:
		f.problem("Take the role all or gateway.", "This version has no role node yet.")
	case c.Redis.URL == "":
		f.ok("%s: one process is the whole bot.", sentence(string(c.Role)))
	default:
		f.ok("%s, one of the processes that share the namespace %q in Redis.", sentence(string(c.Role)), c.Cluster.Namespace)
	}
}
