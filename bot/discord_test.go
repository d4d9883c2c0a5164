package bot_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"busker/gateway"
)

// discord is just enough of Discord's REST to see what a user would see.
type discord struct {
	t      *testing.T
	mu     sync.Mutex
	notify chan struct{} // closed and replaced at each change
	nextID int

	answers  map[string]*answer  // by interaction token
	messages map[string]*message // public ones by id
	order    []string            // ids of messages in the order they came
	fail     map[string][]failure
	commands json.RawMessage
	puts     int

	linger    map[string]func(*http.Request) // before a request is looked at
	headers   map[string]string              // of every answer
	perSecond int                            // requests taken in any second; 0 = all
	taken     []time.Time                    // when the last of them came
	refused   int                            // of those beyond
}

// answer is what became of one interaction.
type answer struct {
	kind      int  // of the first response; 0 is none
	private   bool // it was deferred or answered ephemerally
	raw       json.RawMessage
	original  *message
	followUps []*message
}

type message struct {
	ID         string          `json:"id"`
	ChannelID  string          `json:"channel_id"`
	Content    string          `json:"content"`
	Flags      int             `json:"flags"`
	Components json.RawMessage `json:"components"`
	Mentions   *struct {
		Parse []string `json:"parse"`
	} `json:"allowed_mentions,omitempty"`
	Attachments []map[string]any `json:"attachments"`
	files       int
	edits       int
	deleted     bool
}

func (m *message) ephemeral() bool { return m.Flags&64 != 0 }

// failure is an answer instead of the real one.
type failure struct {
	status int
	body   string
}

func newDiscord(t *testing.T) (*discord, *discordgo.Session) {
	d := &discord{
		t: t, notify: make(chan struct{}), answers: map[string]*answer{}, messages: map[string]*message{},
		fail: map[string][]failure{}, linger: map[string]func(*http.Request){}, commands: json.RawMessage(`[]`), nextID: 1000,
	}
	server := httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{Token: "t", API: base, Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	return d, g.REST()
}

func (d *discord) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v9/")
	parts := strings.Split(path, "/")
	key := r.Method + " " + parts[0]
	d.mu.Lock()
	if linger := d.linger[key]; linger != nil {
		d.mu.Unlock()
		linger(r)
		d.mu.Lock()
	}
	defer d.mu.Unlock()
	defer d.changed()
	for name, value := range d.headers {
		w.Header().Set(name, value)
	}
	if parts[0] == "channels" && !d.admit(time.Now()) {
		d.refused++
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"message":"You are being rate limited.","retry_after":1,"global":true}`)
		return
	}
	if f := d.fail[key]; len(f) > 0 {
		d.fail[key] = f[1:]
		w.WriteHeader(f[0].status)
		_, _ = io.WriteString(w, f[0].body)
		return
	}
	body, files := d.body(r)
	switch parts[0] {
	case "interactions":
		d.callback(w, parts[2], body, files)
	case "webhooks":
		d.webhook(w, r.Method, parts, body)
	case "channels":
		d.channel(w, r.Method, parts, body, files)
	case "oauth2":
		_, _ = io.WriteString(w, `{"id":"901","name":"busker"}`)
	case "applications":
		if r.Method == http.MethodPut {
			d.commands = body
			d.puts++
		}
		_, _ = w.Write(d.commands)
	default:
		d.t.Errorf("unexpected %s %s", r.Method, path)
		http.NotFound(w, r)
	}
}

// admit reports whether one more request keeps the global limit.
func (d *discord) admit(now time.Time) bool {
	if d.perSecond == 0 {
		return true
	}
	d.taken = slices.DeleteFunc(d.taken, func(at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(d.taken) >= d.perSecond {
		return false
	}
	d.taken = append(d.taken, now)
	return true
}

// slow has requests of a kind take their time, until whoever makes them gives up.
func (d *discord) slow(key string, by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.linger[key] = func(r *http.Request) {
		body, _ := io.ReadAll(r.Body) // only then the server sees that the client is gone
		r.Body = io.NopCloser(bytes.NewReader(body))
		select {
		case <-time.After(by):
		case <-r.Context().Done():
		}
	}
}

func (d *discord) changed() {
	close(d.notify)
	d.notify = make(chan struct{})
}

// body returns the JSON of a request and the number of files with it.
func (d *discord) body(r *http.Request) (json.RawMessage, int) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			d.t.Error(err)
		}
		for _, f := range r.MultipartForm.File {
			if f[0].Size == 0 {
				d.t.Error("an empty file was uploaded")
			}
		}
		return json.RawMessage(r.FormValue("payload_json")), len(r.MultipartForm.File)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Error(err)
	}
	return b, 0
}

func (d *discord) parse(body json.RawMessage, into *message) {
	if err := json.Unmarshal(body, into); err != nil {
		d.t.Errorf("parse %s: %v", body, err)
	}
	if into.Mentions == nil || into.Mentions.Parse == nil || len(into.Mentions.Parse) != 0 {
		d.t.Errorf("a message may ping people: %s", body)
	}
	if n := utf8.RuneCountInString(into.Content); n > 2000 {
		d.t.Errorf("a message has %d characters", n)
	}
}

func (d *discord) of(token string) *answer {
	a := d.answers[token]
	if a == nil {
		a = &answer{}
		d.answers[token] = a
	}
	return a
}

func (d *discord) callback(w http.ResponseWriter, token string, body json.RawMessage, _ int) {
	var r struct {
		Type int
		Data json.RawMessage
	}
	if err := json.Unmarshal(body, &r); err != nil {
		d.t.Error(err)
	}
	a := d.of(token)
	if a.kind != 0 {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"code":40060,"message":"Interaction has already been acknowledged."}`)
		return
	}
	a.kind, a.raw = r.Type, r.Data
	m := &message{}
	switch r.Type {
	case 4, 7:
		d.parse(r.Data, m)
		a.original = m
	case 6:
		a.original = &message{}
	case 5:
		if err := json.Unmarshal(r.Data, m); err != nil {
			d.t.Error(err)
		}
		a.original = m
	}
	a.private = m.ephemeral()
	w.WriteHeader(http.StatusNoContent)
}

func (d *discord) webhook(w http.ResponseWriter, method string, parts []string, body json.RawMessage) {
	a := d.of(parts[2])
	switch {
	case a.kind == 0:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":10015,"message":"Unknown Webhook"}`)
	case method == http.MethodPost:
		m := &message{}
		d.parse(body, m)
		a.followUps = append(a.followUps, m)
		_ = json.NewEncoder(w).Encode(m)
	case method == http.MethodPatch:
		flags := a.original.Flags
		d.parse(body, a.original)
		a.original.Flags, a.original.edits = flags, a.original.edits+1
		_ = json.NewEncoder(w).Encode(a.original)
	case method == http.MethodDelete:
		a.original.deleted = true
		w.WriteHeader(http.StatusNoContent)
	}
}

func (d *discord) channel(w http.ResponseWriter, method string, parts []string, body json.RawMessage, files int) {
	if len(parts) == 2 {
		last := ""
		for _, id := range d.order {
			if m := d.messages[id]; m.ChannelID == parts[1] && !m.deleted {
				last = id
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"id": parts[1], "type": 0, "last_message_id": last})
		return
	}
	if method == http.MethodPost {
		m := d.post(parts[1])
		d.parse(body, m)
		d.attach(m, files)
		_ = json.NewEncoder(w).Encode(m)
		return
	}
	m := d.messages[parts[3]]
	if m == nil || m.deleted {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":10008,"message":"Unknown Message"}`)
		return
	}
	if method == http.MethodDelete {
		m.deleted = true
		w.WriteHeader(http.StatusNoContent)
		return
	}
	d.parse(body, m)
	d.attach(m, files)
	m.edits++
	_ = json.NewEncoder(w).Encode(m)
}

// post makes a public message; the caller holds the lock.
func (d *discord) post(channel string) *message {
	d.nextID++
	m := &message{ID: fmt.Sprint(d.nextID), ChannelID: channel, Attachments: []map[string]any{}}
	d.messages[m.ID] = m
	d.order = append(d.order, m.ID)
	return m
}

func (d *discord) attach(m *message, files int) {
	for range files {
		d.nextID++
		m.files++
		m.Attachments = append(m.Attachments, map[string]any{"id": fmt.Sprint(d.nextID), "filename": "cover.png"})
	}
	if strings.Contains(string(m.Components), "attachment://") != (len(m.Attachments) > 0) {
		d.t.Errorf("message with %d attachments shows %s", len(m.Attachments), m.Components)
	}
}

// say posts a message of somebody else.
func (d *discord) say(channel string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.post(channel).Content = "hello"
}

// wait returns once ok, which sees the state locked, is true.
func (d *discord) wait(what string, ok func() bool) {
	d.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		d.mu.Lock()
		done, notify := ok(), d.notify
		d.mu.Unlock()
		if done {
			return
		}
		select {
		case <-notify:
		case <-deadline.C:
			d.t.Fatalf("%s: never happened; messages: %s", what, d.dump())
		}
	}
}

func (d *discord) dump() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b strings.Builder
	for _, id := range d.order {
		m := d.messages[id]
		fmt.Fprintf(&b, "\n%s in %s, edited %d, deleted %v: %s %s", m.ID, m.ChannelID, m.edits, m.deleted, m.Content, m.Components)
	}
	return b.String()
}

// live are the public messages of a channel that are not deleted; the caller holds
// the lock.
func (d *discord) live(channel string) []*message {
	var all []*message
	for _, id := range d.order {
		if m := d.messages[id]; m.ChannelID == channel && !m.deleted && m.Content != "hello" {
			all = append(all, m)
		}
	}
	return all
}
