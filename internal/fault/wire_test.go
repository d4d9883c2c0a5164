package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"testing"
	"time"

	"busker/internal/fault"
)

func relay(t *testing.T, err error) error {
	t.Helper()
	got, damaged := fault.Unmarshal(fault.Marshal(err))
	if damaged != nil {
		t.Fatalf("%v: %v", err, damaged)
	}
	return got
}

func TestFaultsTravelToOtherProcesses(t *testing.T) {
	for _, err := range []error{
		fault.New(fault.Busy, "No room."),
		fault.Wrap(fault.NotFound, "There is no such file.", io.EOF),
		fault.Newf(fault.TooLarge, "%d of %d, %s, %v, %v, %s, %g, %t.", 7, uint64(9), "x", fault.Term("file"), fault.Terms{"Connect", "Speak"}, 3*time.Second, 1.5, true),
		fault.Newf(fault.TooLarge, "%s", fault.Terms{}),
		fmt.Errorf("play: %w", fault.Wrapf(fault.Denied, io.EOF, "I lack %s.", fault.Term("Speak"))),
	} {
		var want, got *fault.Fault
		there := relay(t, err)
		if !errors.As(err, &want) || !errors.As(there, &got) {
			t.Fatalf("%v became %#v", err, there)
		}
		if there.Error() != err.Error() || got.Kind != want.Kind || got.Message != want.Message ||
			got.Format != want.Format || !reflect.DeepEqual(got.Args, want.Args) {
			t.Errorf("%+v became %+v", want, got)
		}
	}
}

type stage int

func (stage) String() string { return "loading" }

func TestArgumentsOfOtherTypesStillFitTheFormat(t *testing.T) {
	type count uint16
	err := relay(t, fault.Newf(fault.Busy, "%s, %d, %v.", stage(1), count(3), []int{1, 2}))
	var f *fault.Fault
	if !errors.As(err, &f) || fmt.Sprintf(f.Format, f.Args...) != "loading, 3, [1 2]." {
		t.Errorf("%+v", f)
	}
	err = relay(t, fault.Newf(fault.Busy, "%v dB.", math.Inf(1)))
	if !errors.As(err, &f) || f.Kind != fault.Busy || f.Message != "+Inf dB." {
		t.Errorf("a number without JSON: %+v", f)
	}
}

func TestErrorsNobodyClassifiedTravelWithoutAMessage(t *testing.T) {
	for _, tt := range []struct{ err, is error }{
		{errors.New("dial tcp 10.0.0.1: refused"), nil},
		{fmt.Errorf("open: %w", context.Canceled), context.Canceled},
		{context.DeadlineExceeded, context.DeadlineExceeded},
	} {
		got := relay(t, tt.err)
		if _, ok := fault.Message(got); ok || got.Error() != tt.err.Error() || fault.KindOf(got) != fault.KindOf(tt.err) {
			t.Errorf("%v became %v", tt.err, got)
		}
		if tt.is != nil && !errors.Is(got, tt.is) {
			t.Errorf("%v is no %v", got, tt.is)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(fault.Marshal(fault.Newf(fault.Busy, "%d", 1)))
	f.Add([]byte(`{"kind":"melted","message":"New."}`))
	f.Add([]byte(`{"args":[{}],"message":"%s"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		err, damaged := fault.Unmarshal(b)
		if (err == nil) == (damaged == nil) {
			t.Fatalf("%q: %v and %v", b, err, damaged)
		}
		if damaged != nil {
			return
		}
		again, damaged := fault.Unmarshal(fault.Marshal(err))
		if damaged != nil || again.Error() != err.Error() || fault.KindOf(again) != fault.KindOf(err) {
			t.Errorf("%v became %v (%v)", err, again, damaged)
		}
	})
}
