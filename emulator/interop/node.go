// Package interop runs clients nobody here wrote against the emulator, discord.js
// and @discordjs/voice: the proof that it is true to life. Without the emulator, it
// lets sessions of @snazzah/davey share groups with ours.
//
// The clients are Node scripts beside this file. A test starts one, sends it
// commands and reads its events, both as lines of JSON; without Node or an
// installed node_modules the test skips and says what to run.
package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// Wait is how long a script may take for one event: Node on a busy machine
// needs many seconds to load its libraries.
const Wait = time.Minute

// Node is a running script. One goroutine, the test's, uses it.
type Node struct {
	t      testing.TB
	script string
	stdin  io.WriteCloser
	events chan json.RawMessage // lines of standard output; closed when the script ends
	stderr *tail
}

// Options of a script.
type Options struct {
	// CA is the path of a PEM file with the certificate the script must trust
	// (NODE_EXTRA_CA_CERTS); "" adds none.
	CA string
	// Env holds further "NAME=value" settings.
	Env []string
	// Config is sent to the script as its first line; nil sends none.
	Config any
}

// Start runs the script of this directory with that name until the test ends.
// What it writes to standard error is shown if the test fails.
func Start(t testing.TB, script string, opts Options) *Node {
	t.Helper()
	dir := directory(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), opts.Env...)
	if opts.CA != "" {
		cmd.Env = append(cmd.Env, "NODE_EXTRA_CA_CERTS="+opts.CA)
	}
	n := &Node{t: t, script: script, events: make(chan json.RawMessage, 1024), stderr: new(tail)}
	cmd.Stderr = n.stderr
	cmd.WaitDelay = time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("run %s: %v", script, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("run %s: %v", script, err)
	}
	n.stdin = stdin
	if err := cmd.Start(); err != nil {
		t.Fatalf("run %s: %v", script, err)
	}
	var reader sync.WaitGroup
	reader.Go(func() { n.read(stdout) })
	t.Cleanup(func() {
		_ = stdin.Close()
		cancel()
		reader.Wait()
		_ = cmd.Wait() // killed on purpose
		if t.Failed() {
			t.Logf("%s wrote to standard error:\n%s", script, n.stderr)
		}
	})
	if opts.Config != nil {
		n.Send(opts.Config)
	}
	return n
}

// directory returns where the scripts are, and skips the test when they can not run.
func directory(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Dir(file)
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed: the clients written by others can not run")
	}
	_, err := os.Stat(filepath.Join(dir, "node_modules", "@discordjs", "voice"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the Node packages are not installed: run npm ci in %s", dir)
	}
	return dir
}

// Send writes v to the script as one line of JSON.
func (n *Node) Send(v any) {
	n.t.Helper()
	line, err := json.Marshal(v)
	if err != nil {
		n.t.Fatalf("send to %s: %v", n.script, err)
	}
	if _, err := n.stdin.Write(append(line, '\n')); err != nil {
		n.t.Fatalf("send to %s: %v", n.script, err)
	}
}

// Event waits for the next line {"event": name, …} of the script, skipping
// others, and decodes it into v, which may be nil. The event "error" fails the test.
func (n *Node) Event(name string, v any) {
	n.t.Helper()
	timeout := time.NewTimer(Wait)
	defer timeout.Stop()
	for {
		select {
		case line, ok := <-n.events:
			if !ok {
				n.t.Fatalf("%s ended before its event %q", n.script, name)
			}
			if n.matches(line, name, v) {
				return
			}
		case <-timeout.C:
			n.t.Fatalf("%s sent no event %q within %v", n.script, name, Wait)
		}
	}
}

func (n *Node) matches(line json.RawMessage, name string, v any) bool {
	n.t.Helper()
	var head struct{ Event, Message string }
	if err := json.Unmarshal(line, &head); err != nil {
		n.t.Fatalf("%s wrote %q: %v", n.script, line, err)
	}
	if head.Event == "error" && name != "error" {
		n.t.Fatalf("%s: %s", n.script, head.Message)
	}
	if head.Event != name {
		return false
	}
	if v == nil {
		return true
	}
	if err := json.Unmarshal(line, v); err != nil {
		n.t.Fatalf("decode event %q of %s: %v", name, n.script, err)
	}
	return true
}

// read hands on the lines of standard output. Lines that are not JSON objects are
// a library talking, and go where standard error goes.
func (n *Node) read(stdout io.Reader) {
	defer close(n.events)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 || line[0] != '{' {
			n.stderr.add("%s\n", line)
			continue
		}
		select {
		case n.events <- append(json.RawMessage(nil), line...):
		default:
			n.stderr.add("event dropped, the test reads none: %s\n", line)
		}
	}
}

// tail keeps the last part of what a script writes to standard error.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailBytes is enough for a stack trace and the debug lines before it.
const tailBytes = 64 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

func (t *tail) add(format string, args ...any) {
	_, _ = fmt.Fprintf(t, format, args...) // a tail takes everything
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
