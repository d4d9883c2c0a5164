package pace_test

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"

	"busker/voice/pace"
)

// attributes is a member that asks what its thread is to the kernel.
type attributes struct {
	attr *unix.SchedAttr
	err  error
	stop func()
}

func (a *attributes) Tick(pace.Turn) {
	if a.attr == nil {
		a.attr, a.err = unix.SchedGetAttr(0, 0)
		a.stop()
	}
}

// TestThreadsAskForShortSlices: who wakes up with one is served before those with longer.
func TestThreadsAskForShortSlices(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := &attributes{stop: cancel}
	p := pace.New(pace.Options{Threads: 1})
	p.Add(a)
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	mine, err := unix.SchedGetAttr(0, 0)
	if err != nil || a.err != nil {
		t.Skip("the kernel does not tell:", err, a.err)
	}
	if mine.Runtime == 0 {
		t.Skip("before Linux 6.12")
	}
	if a.attr.Policy != unix.SCHED_NORMAL || a.attr.Nice != 0 || a.attr.Runtime >= mine.Runtime {
		t.Errorf("%+v, others have %+v", a.attr, mine)
	}
}
