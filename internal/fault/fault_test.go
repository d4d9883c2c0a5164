package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"busker/internal/fault"
)

func TestKindAndMessageTravelThroughWrapping(t *testing.T) {
	deep := fmt.Errorf("play: %w", fault.Wrap(fault.NotFound, "There is no such file.", io.EOF))
	if k := fault.KindOf(deep); k != fault.NotFound {
		t.Errorf("kind %v", k)
	}
	if m, ok := fault.Message(deep); !ok || m != "There is no such file." {
		t.Errorf("message %q, %v", m, ok)
	}
	if !errors.Is(deep, io.EOF) {
		t.Error("the cause is lost")
	}
}

func TestErrorsNobodyClassifiedStayInside(t *testing.T) {
	for _, tt := range []struct {
		err  error
		kind fault.Kind
	}{
		{errors.New("dial tcp 10.0.0.1: refused"), fault.Internal},
		{context.Canceled, fault.Canceled},
		{fmt.Errorf("open: %w", context.DeadlineExceeded), fault.Timeout},
	} {
		if k := fault.KindOf(tt.err); k != tt.kind {
			t.Errorf("%v: kind %v, want %v", tt.err, k, tt.kind)
		}
		if m, ok := fault.Message(tt.err); ok {
			t.Errorf("%v: told people %q", tt.err, m)
		}
	}
}

func TestEveryKindHasItsName(t *testing.T) {
	seen := map[string]bool{}
	for k := fault.Internal; k <= fault.Canceled; k++ {
		if seen[k.String()] {
			t.Errorf("kind %d shares the name %q", k, k)
		}
		seen[k.String()] = true
	}
}

func TestArgumentsTravelAlongForTranslation(t *testing.T) {
	for _, tt := range []struct {
		err     error
		message string
		format  string
		args    int
		cause   error
	}{
		{fault.New(fault.Busy, "No room."), "No room.", "No room.", 0, nil},
		{fault.Wrap(fault.Busy, "No room.", io.EOF), "No room.", "No room.", 0, io.EOF},
		{fault.Newf(fault.TooLarge, "At most %d tracks.", 7), "At most 7 tracks.", "At most %d tracks.", 1, nil},
		{fault.Wrapf(fault.Denied, io.EOF, "I lack %s in %s.", fault.Terms{"Connect", "Speak"}, "here"), "I lack Connect, Speak in here.", "I lack %s in %s.", 2, io.EOF},
	} {
		var f *fault.Fault
		if !errors.As(tt.err, &f) {
			t.Fatalf("%v is no fault", tt.err)
		}
		if f.Message != tt.message || f.Format != tt.format || len(f.Args) != tt.args || !errors.Is(f.Err, tt.cause) {
			t.Errorf("%q: %+v", tt.message, f)
		}
	}
}
