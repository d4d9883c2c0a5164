package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"busker/cmd/busker/internal/config"
	"busker/cmd/busker/internal/demo"
	"busker/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a demo with its page.
type running struct {
	address string // of the page, ending in a slash
	client  *http.Client
}

// start runs a demo until the test ends.
func start(t *testing.T) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opened, ended := make(chan string, 1), make(chan error, 1)
	o := options(t)
	o.Opened = func(address string) { opened <- address }
	go func() { ended <- demo.Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo: %v", err)
		}
	})
	select {
	case address := <-opened:
		r := &running{address, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
		return r
	case err := <-ended:
		ended <- nil
		t.Fatalf("the demo: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the demo did not open")
	}
	return nil
}

func options(t *testing.T) demo.Options {
	t.Helper()
	tel, err := telemetry.New(telemetry.Options{Level: "warn", Output: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	return demo.Options{
		Listen: "127.0.0.1:0", Out: t.Output(), Telemetry: tel,
		Tuning: config.Tuning{Web: config.Web{Timeout: 2 * time.Second}},
	}
}

// The page answers its own address only, to its own scripts only.
func TestThePageKeepsStrangersOut(t *testing.T) {
	d := start(t)
	do := func(method, path string, change func(*http.Request)) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, d.address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		answer, err := d.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer
	}
	page := do("GET", "", func(*http.Request) {})
	csp := page.Header.Get("Content-Security-Policy")
	if page.StatusCode != http.StatusOK || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || page.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("page: %s, policy %q", page.Status, csp)
	}
	if got := do("GET", "", func(r *http.Request) { r.Host = "attacker.example" }); got.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host: %s", got.Status)
	}
	if got := do("POST", "say", func(r *http.Request) { r.Header.Set("Origin", "https://attacker.example") }); got.StatusCode != http.StatusForbidden {
		t.Errorf("another origin: %s", got.Status)
	}
	if got := do("GET", "media/etc/passwd", func(*http.Request) {}); got.StatusCode != http.StatusNotFound {
		t.Errorf("a path outside the file store: %s", got.Status)
	}
	_, answer, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(d.address, "http")+"state", &websocket.DialOptions{
		HTTPClient: d.client, HTTPHeader: http.Header{"Origin": {"https://attacker.example"}},
	})
	if err == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("a socket from another origin: %v", err)
	}
}

func TestThePageIsServedHereOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", "192.0.2.1:0", "nowhere", "example.com:80"} {
		o := options(t)
		o.Listen = address
		if err := demo.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "page address") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// post sends a form and returns the error in the answer.
func (d *running) post(t *testing.T, path string, fields map[string]string) string {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k, v := range fields {
		if err := form.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	form.Close()
	answer, err := d.client.Post(d.address+path, form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var out struct{ Error string }
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Error
}

// What the local Discord refuses is said in a sentence.
func TestThePageExplainsRefusals(t *testing.T) {
	d := start(t)
	for _, tt := range []struct {
		path   string
		fields map[string]string
	}{
		{"command", map[string]string{"name": "no-such-command", "args": "{}"}},
		{"command", map[string]string{"name": "volume", "args": `{"percent": 900}`}},
		{"command", map[string]string{"name": "play", "args": `{`}},
		{"press", map[string]string{"message": "1", "custom": "x"}},
		{"voice", map[string]string{"channel": "12345"}},
	} {
		if got := d.post(t, tt.path, tt.fields); len(got) < 10 || !strings.HasSuffix(got, ".") {
			t.Errorf("%s %v: %q", tt.path, tt.fields, got)
		}
	}
}

func TestHeadlessHearsAndRecords(t *testing.T) {
	for _, name := range []string{"heard.ogg", "heard.wav"} {
		t.Run(name, func(t *testing.T) {
			var out syncBuffer
			o := options(t)
			o.Out = &out
			record := filepath.Join(t.TempDir(), name)
			err := demo.Headless(t.Context(), demo.Session{Options: o, Play: "cobblestone", Length: 2 * time.Second, Record: record})
			if err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			for _, want := range []string{"Cobblestone Waltz", "0 lost", "similarity   correlation ", "start", "p99", "encrypted    end to end; voice privacy code "} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the report lacks %q:\n%s", want, out.String())
				}
			}
			raw, err := os.ReadFile(record)
			if err != nil || len(raw) < 10_000 || !strings.HasPrefix(string(raw), map[string]string{".ogg": "OggS", ".wav": "RIFF"}[filepath.Ext(name)]) {
				t.Errorf("recording of %d bytes, %v", len(raw), err)
			}
		})
	}
}

// A file anywhere on the machine can be named.
func TestHeadlessPlaysAFileByItsPath(t *testing.T) {
	o := options(t)
	err := demo.Headless(t.Context(), demo.Session{Options: o, Play: "../album/music/04-pocket-arcade.opus", Length: time.Second})
	if err != nil {
		t.Error(err)
	}
}

func TestHeadlessSaysWhyNothingWasHeard(t *testing.T) {
	var out syncBuffer
	o := options(t)
	o.Out = &out
	err := demo.Headless(t.Context(), demo.Session{Options: o, Play: "http://127.0.0.1:9/song.mp3", Length: time.Second})
	if err == nil || !strings.Contains(err.Error(), "nothing was heard") || !strings.Contains(out.String(), "Busker: ") || !strings.Contains(out.String(), "--web-allow-private") {
		t.Errorf("error %v\n%s", err, out.String())
	}
}

// syncBuffer is a buffer several goroutines may write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
