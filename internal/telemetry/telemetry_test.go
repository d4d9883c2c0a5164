package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"busker/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewRefusesNonsense(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    telemetry.Options
		want string
	}{
		{"level", telemetry.Options{Level: "loud"}, "want debug, info, warn or error"},
		{"format", telemetry.Options{Format: "xml"}, "want text or json"},
		{"address", telemetry.Options{Listen: "9090"}, "want HOST:PORT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := telemetry.New(tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one saying %q", err, tt.want)
			}
		})
	}
}

func TestLogHidesSecrets(t *testing.T) {
	const word = "hunter2"
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			tel := must(telemetry.New(telemetry.Options{Format: format, Output: &out}))(t)
			tel.Logger().Info("login", "credential", telemetry.Secret(word), "token", word, "Authorization", []byte(word))
			tel.Logger().Debug("not at this level")
			if s := out.String(); strings.Contains(s, word) || strings.Count(s, "(secret)") != 3 || strings.Count(s, "\n") != 1 {
				t.Errorf("log:\n%s", s)
			}
		})
	}
	text := fmt.Sprintf("%v %s %#v", telemetry.Secret(word), telemetry.Secret(word), telemetry.Secret(word))
	raw, err := json.Marshal(map[string]any{"k": telemetry.Secret(word)})
	if err != nil || strings.Contains(text+string(raw), word) {
		t.Errorf("printed: %s %s (%v)", text, raw, err)
	}
	if telemetry.Secret(word).Reveal() != word || telemetry.Secret("").String() != "" {
		t.Error("Reveal or the empty secret")
	}
}

func TestListener(t *testing.T) {
	tel := must(telemetry.New(telemetry.Options{Listen: "127.0.0.1:0"}))(t)
	tel.Registry().MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "busker_test_things_total", Help: "Things."}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- tel.Run(ctx) }()
	addr := must(tel.Addr(ctx))(t)

	get := func(path string) (int, string) {
		r := must(http.Get("http://" + addr.String() + path))(t)
		defer r.Body.Close()
		return r.StatusCode, string(must(io.ReadAll(r.Body))(t))
	}
	if code, body := get("/metrics"); code != 200 || !strings.Contains(body, "busker_test_things_total 0") || !strings.Contains(body, "go_goroutines") {
		t.Errorf("/metrics: %d\n%s", code, body)
	}
	if code, _ := get("/healthz"); code != 200 {
		t.Errorf("/healthz: %d", code)
	}
	if code, _ := get("/readyz"); code != 503 {
		t.Errorf("/readyz before SetReady: %d", code)
	}
	tel.SetReady(true)
	if code, _ := get("/readyz"); code != 200 {
		t.Errorf("/readyz: %d", code)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestRunWithoutListenerWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := must(telemetry.New(telemetry.Options{}))(t).Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestRunReportsATakenPort(t *testing.T) {
	a := must(telemetry.New(telemetry.Options{Listen: "127.0.0.1:0"}))(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	addr := must(a.Addr(ctx))(t)
	b := must(telemetry.New(telemetry.Options{Listen: addr.String()}))(t)
	if err := b.Run(ctx); err == nil || !strings.Contains(err.Error(), "open the metrics listener") {
		t.Errorf("error %v", err)
	}
	cancel()
	<-ended
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
