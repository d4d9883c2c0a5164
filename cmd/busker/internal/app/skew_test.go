package app_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var bandSkew = flag.Duration("band.skew", 0, "how wrong the clock of one process is in TestAWrongClock; 0 skips that, for its standard library has to be built first, which takes minutes")

// TestAWrongClock has music go from a process with a right clock to one with a wrong one
// and back, by hand-overs and by a kill: it goes on where it was.
func TestAWrongClock(t *testing.T) {
	if *bandSkew == 0 {
		t.Skip("only with -band.skew: see there")
	}
	wrong := names[1]
	b := newBand(t, bandSize(), func(o *orders) {
		o.By = map[string][]string{wrong: {"env", "BUSKER_TEST_SKEW=" + bandSkew.String(), skewed(t)}}
	})
	b.play()
	for _, tt := range []struct {
		name, from string
		how        syscall.Signal
	}{
		{"a hand-over to the wrong clock", names[0], syscall.SIGTERM},
		{"a hand-over from the wrong clock", wrong, syscall.SIGTERM},
		{"a kill with a right clock", names[0], syscall.SIGKILL},
		{"a kill with a wrong clock", wrong, syscall.SIGKILL},
	} {
		rooms := b.of(tt.from)
		stop := b.ask()
		before, began := b.marks(rooms), time.Now()
		b.signal(tt.from, tt.how)
		var off []time.Duration
		if tt.how == syscall.SIGTERM {
			b.gone(tt.from)
			off = b.drift(rooms, before)
		} else {
			_, _, off = b.heardSince(rooms, began, true)
		}
		stop()
		told, _ := b.audit()
		t.Logf("%s of %d playing: %s; %d songs promised and there", tt.name, len(rooms), figure("position off by", off), told)
		if worst := worstOf(off); worst > 2*time.Second {
			t.Errorf("%s: a guild went on %v from where it was", tt.name, worst)
		}
		b.members[tt.from].kill()
		b.start(tt.from)
		b.settled(b.size.processes)
	}
	b.fenced()
}

// skewed builds this test with a standard library whose clock on the wall is wrong by what
// BUSKER_TEST_SKEW says; the monotonic one is right.
func skewed(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir, std := t.TempDir(), filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	right, err := os.ReadFile(filepath.Join(std, "time.go"))
	if err != nil {
		t.Fatal(err)
	}
	const reads = "	sec, nsec, mono := runtimeNow()\n	if mono == 0 {"
	if strings.Count(string(right), reads) != 1 {
		t.Fatal("the standard library reads the clock otherwise by now")
	}
	wrong := strings.Replace(string(right), reads, strings.Replace(reads, "\n", "\n	sec += skew\n", 1), 1)
	overlay := map[string]map[string]string{"Replace": {
		filepath.Join(std, "time.go"): write(t, dir, "time.go", wrong),
		filepath.Join(std, "skew.go"): write(t, dir, "skew.go", `package time

import "syscall"

var skew int64 // seconds

func init() {
	text, _ := syscall.Getenv("BUSKER_TEST_SKEW")
	d, _ := ParseDuration(text)
	skew = int64(d / Second)
}
`),
	}}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "skewed")
	build := exec.Command("go", "test", "-c", "-overlay", write(t, dir, "overlay.json", string(text)), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
