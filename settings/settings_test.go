package settings_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/settings"
)

func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*settings.Guild)
		kind   fault.Kind
	}{
		"the default":          {func(*settings.Guild) {}, fault.Internal},
		"too many roles":       {func(g *settings.Guild) { g.DJRoles = make([]snowflake.ID, settings.MaxRoles+1) }, fault.TooLarge},
		"too many for one":     {func(g *settings.Guild) { g.CommandRoles = map[string][]snowflake.ID{"play": make([]snowflake.ID, 26)} }, fault.TooLarge},
		"too many blocked":     {func(g *settings.Guild) { g.BlockedUsers = make([]snowflake.ID, 101) }, fault.TooLarge},
		"more than all":        {func(g *settings.Guild) { g.VoteSkip = 101 }, fault.Invalid},
		"less than none":       {func(g *settings.Guild) { g.MaxPerUser = -1 }, fault.Invalid},
		"gone at once":         {func(g *settings.Guild) { g.AutoLeave = time.Second }, fault.Invalid},
		"gone after a minute":  {func(g *settings.Guild) { g.AutoLeave = time.Minute }, fault.Internal},
		"announced by nothing": {func(g *settings.Guild) { g.Announce = "" }, fault.Invalid},
	} {
		g := settings.Default()
		tt.change(&g)
		if err := g.Check(); fault.KindOf(err) != tt.kind || (err == nil) != (tt.kind == fault.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACloneSharesNothing(t *testing.T) {
	g := settings.Default()
	g.DJRoles, g.BlockedUsers, g.BlockedChannels = []snowflake.ID{1}, []snowflake.ID{2}, []snowflake.ID{3}
	g.CommandRoles = map[string][]snowflake.ID{"play": {4}}
	c := g.Clone()
	if !reflect.DeepEqual(g, c) {
		t.Fatalf("%+v, want %+v", c, g)
	}
	c.DJRoles[0], c.BlockedUsers[0], c.BlockedChannels[0], c.CommandRoles["play"][0] = 9, 9, 9, 9
	c.CommandRoles["skip"] = nil
	if g.DJRoles[0] != 1 || g.BlockedUsers[0] != 2 || g.BlockedChannels[0] != 3 || g.CommandRoles["play"][0] != 4 || len(g.CommandRoles) != 1 {
		t.Errorf("the original became %+v", g)
	}
}

// TestWhatIsNewHasItsDefault reads settings that an older version kept.
func TestWhatIsNewHasItsDefault(t *testing.T) {
	g := settings.Default()
	if err := json.Unmarshal([]byte(`{"voteSkip":50,"status":false}`), &g); err != nil {
		t.Fatal(err)
	}
	want := settings.Default()
	want.VoteSkip, want.Status = 50, false
	if !reflect.DeepEqual(g, want) {
		t.Errorf("%+v, want %+v", g, want)
	}
}

func TestAMemoryKeepsWhatIsValid(t *testing.T) {
	var m settings.Memory
	if g, err := m.Guild(t.Context(), 1); err != nil || !reflect.DeepEqual(g, settings.Default()) {
		t.Fatalf("%+v, %v", g, err)
	}
	no := errors.New("no")
	if _, err := m.ChangeGuild(t.Context(), 1, func(g *settings.Guild) error { g.VoteSkip = 7; return no }); !errors.Is(err, no) {
		t.Error(err)
	}
	if _, err := m.ChangeGuild(t.Context(), 1, func(g *settings.Guild) error { g.VoteSkip = 700; return nil }); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	if g, _ := m.Guild(t.Context(), 1); g.VoteSkip != 0 {
		t.Error("a refused change was kept")
	}
	if g, err := m.ChangeGuild(t.Context(), 1, func(g *settings.Guild) error { g.VoteSkip = 70; return nil }); err != nil || g.VoteSkip != 70 {
		t.Errorf("%+v, %v", g, err)
	}
	if u, err := m.ChangeUser(t.Context(), 1, func(u *settings.User) error { u.Private = true; return nil }); err != nil || !u.Private {
		t.Errorf("%+v, %v", u, err)
	}
}

// broken is a Store that is away.
type broken struct {
	settings.Memory
	away  bool
	reads int
}

func (b *broken) Guild(ctx context.Context, guild snowflake.ID) (settings.Guild, error) {
	b.reads++
	if b.away {
		return settings.Guild{}, fault.New(fault.Unavailable, "The store is away.")
	}
	return b.Memory.Guild(ctx, guild)
}

func TestACacheGoesOnWithoutItsStore(t *testing.T) {
	b := &broken{away: true}
	c := settings.NewCache(b, nil)
	if g := c.Guild(t.Context(), 1); !reflect.DeepEqual(g, settings.Default()) {
		t.Errorf("%+v", g)
	}
	b.away = false
	if _, err := c.ChangeGuild(t.Context(), 1, func(g *settings.Guild) error { g.VoteSkip = 70; return nil }); err != nil {
		t.Fatal(err)
	}
	b.away = true
	if g := c.Guild(t.Context(), 1); g.VoteSkip != 70 || b.reads != 1 {
		t.Errorf("%+v after %d reads", g, b.reads)
	}
	c.Forget(1)
	if g := c.Guild(t.Context(), 1); g.VoteSkip != 0 {
		t.Errorf("%+v is still remembered", g)
	}
	if u := c.User(t.Context(), 5); u != (settings.User{}) {
		t.Errorf("%+v", u)
	}
}
