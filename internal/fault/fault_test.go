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
