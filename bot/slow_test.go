package bot_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"busker/bot"
	"busker/cluster"
	"busker/emulator"
	ed "busker/emulator/discord"
	"busker/gateway"
	"busker/playlists"
	"busker/track"
)

// TestASlowPressIsAcknowledged presses what takes longer than Discord waits.
func TestASlowPressIsAcknowledged(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B")
	m := s.card("card", shows("### A"))
	panel := s.press(ann, buttonOf(t, m, "More").CustomID)
	block := make(chan struct{})
	s.players.block = block
	done := make(chan *answer)
	go func() { done <- s.press(ann, buttonOf(t, panel.original, "Louder").CustomID) }()
	s.discord.wait("the press is acknowledged", func() bool {
		for _, a := range s.discord.answers {
			if a.kind == 6 {
				return true
			}
		}
		return false
	})
	close(block)
	if a := <-done; a.kind != 6 || !strings.Contains(a.original.Content, "The volume is 110 %.") {
		t.Errorf("answered %d: %+v", a.kind, a.original)
	}
}

// tardy is a Store that answers late.
type tardy struct {
	playlists.Store
	by time.Duration
}

func (t tardy) wait(ctx context.Context) error {
	select {
	case <-time.After(t.by):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t tardy) List(ctx context.Context, id int64) (playlists.Playlist, error) {
	if err := t.wait(ctx); err != nil {
		return playlists.Playlist{}, err
	}
	return t.Store.List(ctx, id)
}

func (t tardy) Lists(ctx context.Context, o playlists.Owner) ([]playlists.Playlist, error) {
	if err := t.wait(ctx); err != nil {
		return nil, err
	}
	return t.Store.Lists(ctx, o)
}

func TestASlowStoreIsWaitedFor(t *testing.T) {
	t.Parallel()
	kept := playlists.NewMemory(playlists.Limits{})
	l, err := kept.Create(t.Context(), playlists.Playlist{Owner: playlists.User(ann), Name: "Mine"}, playlists.Entry{Track: song("One")})
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(o *bot.Options) { o.Playlists = tardy{kept, 2500 * time.Millisecond} })
	const late = "That took too long to open. Try again in a moment."
	for name, tt := range map[string]struct {
		ask  func() *answer
		kind int
		want string
	}{
		"a page":                 {func() *answer { return s.press(ann, bot.CustomID("list_page", "", 0, bot.ListArgument(l.ID, 1))) }, 6, "**One**"},
		"a form behind a button": {func() *answer { return s.press(ann, bot.CustomID("list_edit", "", 0, bot.ListArgument(l.ID, 1))) }, 6, late},
		"a form of a command": {func() *answer {
			return s.interact(ann, 2, map[string]any{"id": "1", "name": "playlist", "type": 1, "options": []any{map[string]any{
				"name": "edit", "type": 1, "options": []any{map[string]any{"name": "list", "type": 3, "value": "Mine"}},
			}}})
		}, 4, late},
		"a form that was sent": {func() *answer {
			return s.submit(ann, bot.CustomID("list_edit", "", 0, "1.0.1.1"), map[string]gateway.Field{"lines": {Value: "1"}})
		}, 5, "Saved **Mine**"},
	} {
		t.Run(name, func(t *testing.T) {
			a := tt.ask()
			if got, _ := said(a); a.kind != tt.kind || !strings.Contains(got, tt.want) {
				t.Errorf("answered %d, %q; want %d, %q", a.kind, got, tt.kind, tt.want)
			}
		})
	}
}

func TestWhatDiscordRefusesIsTold(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.discord.mu.Lock()
	s.discord.fail["PATCH webhooks"] = []failure{{http.StatusBadRequest, `{"code":50035,"message":"Invalid Form Body"}`}}
	s.discord.mu.Unlock()
	got, _ := said(s.command("queue"))
	if !strings.HasPrefix(got, "Something went wrong.") {
		t.Errorf("said %q", got)
	}
	s.traced(got, "Invalid Form Body")
}

// halves finds a list that comes in two parts, and can be read once.
type halves struct {
	catalogue
	asked *atomic.Int64
}

func (h halves) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	if q.Text != "halves" {
		return h.catalogue.Resolve(ctx, q)
	}
	h.asked.Add(1)
	rest := []track.Track{song("Two")}
	return track.Result{Playlist: "Halves", Total: 2, Tracks: []track.Track{song("One")}, Rest: func(context.Context) ([]track.Track, error) {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		now := rest
		rest = nil
		return now, nil
	}}, nil
}

func TestAListThatComesInPartsIsPlayedTwice(t *testing.T) {
	h := halves{asked: &atomic.Int64{}}
	s := newShop(t, func(o *bot.Options) { o.Resolver, o.Library = h, nil })
	m := s.command(s.ann, "search", emulator.Args{"query": "halves"})
	for n := range 2 {
		i := s.uses(s.ann, m, "picked", "last")
		if _, err := i.WaitResponse(s.ctx(), func(m ed.Message) bool { return m.Content == "Added 2 tracks from **Halves**." }); err != nil {
			t.Fatal(err)
		}
		s.until("all of it is there", func() bool { return len(s.queued()) == 2*(n+1) })
		m = s.command(s.ann, "search", emulator.Args{"query": "halves"})
	}
	m = s.command(s.ann, "search", emulator.Args{"query": "halves"})
	before := h.asked.Load()
	s.uses(s.ann, m, "picked", "last")
	s.uses(s.ann, m, "picked", "last")
	s.until("both presses have their own", func() bool { return len(s.queued()) == 8 && h.asked.Load() == before+2 })
}

func TestNobodyImportsTwiceAtOnce(t *testing.T) {
	t.Parallel()
	f := finder{asked: make(chan struct{}), let: make(chan struct{})}
	s := newStage(t, func(o *bot.Options) { o.Resolver = f })
	first := make(chan *answer)
	go func() {
		first <- s.submit(ann, bot.CustomID("list_import", "", 0, ""), map[string]gateway.Field{"name": {Value: "Mine"}, "text": {Value: "https://late.test/"}})
	}()
	<-f.asked
	s.refused("a second", s.submit(ann, bot.CustomID("list_import", "", 0, ""), map[string]gateway.Field{"text": {Value: "B.ogg"}}),
		"Your last import is still running.")
	close(f.let)
	<-first
}

// TestWhatOnlyShowsNeedsOneAnswer: among several processes what changes something is
// acknowledged first, and the rest answered at once.
func TestWhatOnlyShowsNeedsOneAnswer(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) { o.Claims = bot.ClusterClaims(cluster.Local().Claims, "one") }).playing("A", "B")
	m := s.card("card", shows("### A"))
	panel := s.press(ann, buttonOf(t, m, "More").CustomID)
	queue := s.press(ann, buttonOf(t, m, "Queue").CustomID)
	for name, tt := range map[string]struct {
		a    *answer
		kind int
	}{
		"a panel":  {panel, 4},
		"a page":   {s.press(ann, buttonOf(t, queue.original, "Refresh").CustomID), 7},
		"a change": {s.press(ann, buttonOf(t, panel.original, "Louder").CustomID), 6},
	} {
		if tt.a.kind != tt.kind {
			t.Errorf("%s: answered %d, want %d", name, tt.a.kind, tt.kind)
		}
	}
}
