package demo_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/cmd/busker/internal/demo"
)

// What was made is still there when the demo is opened on the same file again:
// people, channels and roles are the same.
func TestTheDemoKeepsAStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "street.db")
	var you []string
	for _, args := range []string{`{"name": "Evening"}`, ""} {
		o := options(t)
		o.Store = file
		opened(t, o, func(d *running) {
			if args != "" {
				d.act(t, "command", map[string]string{"name": "playlist create", "args": args})
				d.says(t, "Evening")
			}
			d.act(t, "command", map[string]string{"name": "playlist show", "args": `{"list": "Evening"}`})
			you = append(you, d.says(t, "**Evening**").You)
		})
	}
	if you[0] != you[1] {
		t.Errorf("you were %s and are %s", you[0], you[1])
	}
}

// opened runs a demo while do does something.
func opened(t *testing.T, o demo.Options, do func(*running)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	at, ended := make(chan string, 1), make(chan error, 1)
	o.Opened = func(address string) { at <- address }
	go func() { ended <- demo.Run(ctx, o) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo: %v", err)
		}
	}()
	select {
	case address := <-at:
		do(&running{address, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	case err := <-ended:
		ended <- nil
		t.Fatalf("the demo: %v", err)
	}
}

// act sends a form that must be taken.
func (d *running) act(t *testing.T, path string, fields map[string]string) {
	t.Helper()
	if wrong := d.post(t, path, fields); wrong != "" {
		t.Fatalf("%s %v: %s", path, fields, wrong)
	}
}

// says waits until the page shows a text.
func (d *running) says(t *testing.T, text string) view {
	t.Helper()
	for start := time.Now(); ; {
		v := d.page(t)
		if strings.Contains(string(v.Changed), text) {
			return v
		}
		if time.Since(start) > 20*time.Second {
			t.Fatalf("nothing says %q: %s", text, v.Changed)
		}
	}
}

// view is what a new page is sent first.
type view struct {
	You      string
	Channels []struct{ ID string }
	Changed  json.RawMessage
}

func (d *running) page(t *testing.T) (v view) {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(d.address, "http")+"state", &websocket.DialOptions{HTTPClient: d.client})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(-1)
	_, raw, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
