//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows

package lock_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"busker/cache/internal/lock"
)

// holder has this test hold a lock in another process.
const holder = "BUSKER_LOCK_TEST_HOLDS"

func TestMain(m *testing.M) {
	if path := os.Getenv(holder); path != "" {
		_, err := lock.Take(path)
		_, _ = fmt.Fprintln(os.Stdout, err)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent has had enough
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	one, err := lock.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Take(path); !errors.Is(err, lock.ErrTaken) {
		t.Errorf("a second time: %v", err)
	}
	one.Release()
	one.Release()
	two, err := lock.Take(path)
	if err != nil {
		t.Errorf("after Release: %v", err)
	}
	two.Release()
	(*lock.Lock)(nil).Release()
}

// TestAnotherProcess has one take the lock, and die.
func TestAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), holder+"="+path)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := other.StdoutPipe()
	if err == nil {
		err = other.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	if _, err := fmt.Fscanln(out, &said); err != nil || said != "<nil>" {
		t.Fatalf("the other process says %q, %v", said, err)
	}
	if _, err := lock.Take(path); !errors.Is(err, lock.ErrTaken) {
		t.Errorf("beside another process: %v", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed
	l, err := lock.Take(path)
	if err != nil {
		t.Errorf("after another process: %v", err)
	}
	l.Release()
}

func TestNoFolder(t *testing.T) {
	if _, err := lock.Take(filepath.Join(t.TempDir(), "none", "lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
