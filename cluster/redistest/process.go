package redistest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that can be ended and started again where it was.
type process struct {
	t    testing.TB
	dir  string
	args []string // program first

	cmd  *exec.Cmd     // nil before the first start
	done chan struct{} // closed when cmd has ended
}

// start starts the program. It dies with the test's process, however that ends: the
// kernel ends it with the thread that started it, which is why the goroutine keeps its
// thread.
func (p *process) start() error {
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	p.cmd = exec.CommandContext(context.Background(), p.args[0], p.args[1:]...) // the test's own context ends before its cleanup
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.done = make(chan struct{})
	started := make(chan error)
	go func(cmd *exec.Cmd, done chan struct{}) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // a killed process says so, which is no news
		}
	}(p.cmd, p.done)
	return <-started
}

func (p *process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end sends the signal and waits until the program has ended. It may be stopped.
func (p *process) end(signal syscall.Signal) {
	if !p.running() {
		return
	}
	p.signal(signal)
	p.signal(syscall.SIGCONT)
	<-p.done
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("signal %s: %v", p.args[0], err)
	}
}

// log returns the end of what the program has written.
func (p *process) log() string {
	const most = 2000
	text, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	return string(text[max(0, len(text)-most):])
}

// program returns the path of a program, and skips the test where there is none.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed here", name)
	}
	return path
}

// given are the ports that were free once: none is given twice.
var given sync.Map

// freePort returns a port of the loopback nobody listens on, below those that outgoing
// connections take: it stays free while its server is down. It is not tried by listening,
// since a program that is being started elsewhere would hold the listener for a moment.
func freePort(t testing.TB) int {
	t.Helper()
	var d net.Dialer
	for range 100 {
		port := 10000 + rand.IntN(22000)
		if _, twice := given.LoadOrStore(port, true); twice {
			continue
		}
		c, err := d.DialContext(context.Background(), "tcp", address(port))
		if err != nil {
			return port
		}
		_ = c.Close()
	}
	t.Fatal("no port is free")
	return 0
}

// patience is how long anything may take that a server does of its own accord. It is
// only reached when a test fails.
const patience = 60 * time.Second

// Eventually waits until f returns nil, and fails the test with its error when that
// does not come to pass.
func Eventually(t testing.TB, f func() error) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(patience)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still after %v: %v", patience, err)
		}
		<-tick.C
	}
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
