package sessiontest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
)

func olderOwner(t *testing.T, s session.Store) {
	at := func(guild snowflake.ID, token uint64, item uint64) session.Change {
		return session.Change{
			Guild: guild, Token: token, Place: &session.Place{Item: item, At: noon}, Sound: &session.Sound{Volume: int(item)},
			Queue: steps(item, item),
		}
	}
	// Guild 1 has token 7 by a Save, guild 2 by a Take, guild 3 by a Compact; guild 4 has none.
	save(t, s, at(1, 5, 1), session.Change{Guild: 1, Token: 5, Queue: steps(2, 2)}, at(4, 0, 1))
	save(t, s, at(1, 7, 3), at(2, 6, 1), at(3, 6, 1), at(3, 6, 2))
	if err := s.Take(t.Context(), 2, 7); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context(), 3, 7, state(2)); err != nil {
		t.Fatal(err)
	}
	for guild := snowflake.ID(1); guild <= 3; guild++ {
		before := load(t, s, guild)
		refused(t, s, []snowflake.ID{guild}, at(guild, 6, 9), session.Change{Guild: guild, Token: 6, Queue: steps(10, 10)})
		if err := s.Compact(t.Context(), guild, 6, state(20)); !errors.Is(err, session.ErrFenced) {
			t.Errorf("guild %d: an old compaction: %v", guild, err)
		}
		if err := s.Take(t.Context(), guild, 6); !errors.Is(err, session.ErrFenced) {
			t.Errorf("guild %d: an old take: %v", guild, err)
		}
		same(t, load(t, s, guild), before)
	}
	// The others in the transaction are kept, and so is what comes with no token.
	refused(t, s, []snowflake.ID{1, 3}, at(1, 1, 9), at(2, 7, 9), at(3, 6, 9), at(4, 1, 9), at(5, 1, 9))
	save(t, s, at(1, 0, 4))
	for guild, want := range map[snowflake.ID]uint64{1: 4, 2: 9, 3: 2, 4: 9, 5: 9} {
		if got := load(t, s, guild).Place.Item; got != want {
			t.Errorf("guild %d is at %d, want %d", guild, got, want)
		}
	}
	// Neither did that lower anything, and the same token passes, as a newer one does.
	refused(t, s, []snowflake.ID{1}, at(1, 6, 9))
	if err := errors.Join(s.Take(t.Context(), 1, 7), s.Take(t.Context(), 1, 1<<62), s.Compact(t.Context(), 1, 1<<62, state(9))); err != nil {
		t.Error(err)
	}
	refused(t, s, []snowflake.ID{1}, at(1, 7, 9))
	// A guild of which only the token is known has nothing kept.
	if err := s.Take(t.Context(), 8, 3); err != nil || load(t, s, 8).Found {
		t.Errorf("a taken guild: %v, %+v", err, load(t, s, 8))
	}
}

func refused(t *testing.T, s session.Store, want []snowflake.ID, changes ...session.Change) {
	t.Helper()
	fenced, err := s.Save(t.Context(), changes)
	slices.Sort(fenced)
	if fenced = slices.Compact(fenced); err != nil || !slices.Equal(fenced, want) {
		t.Errorf("fenced %v, %v, want %v", fenced, err, want)
	}
}

// same compares all that is kept of a guild.
func same(t *testing.T, got, want session.Saved) {
	t.Helper()
	samePlace(t, got.Place, want.Place)
	if got.Sound.Volume != want.Sound.Volume || got.Queue.Seq != want.Queue.Seq || len(got.Log) != len(want.Log) {
		t.Errorf("kept is %+v, want %+v", got, want)
	}
}

// takeAside has owners follow one another while those before still write: what is kept
// at a Take stays until the new owner changes it.
func takeAside(t *testing.T, s session.Store) {
	const owners, guilds = 12, 5
	var writing sync.WaitGroup
	defer writing.Wait()
	change := func(guild snowflake.ID, token uint64, n uint64) session.Change {
		return session.Change{Guild: guild, Token: token, Place: &session.Place{Item: token, Channel: snowflake.ID(n), At: noon}, Queue: []queue.Change{{Seq: n}}}
	}
	for token := uint64(1); token <= owners; token++ {
		for guild := snowflake.ID(1); guild <= guilds; guild++ {
			if err := s.Take(t.Context(), guild, token); err != nil {
				t.Fatalf("take by %d: %v", token, err)
			}
			if got := load(t, s, guild).Place; got.Item >= token {
				t.Errorf("owner %d of guild %d loads what owner %d keeps", token, guild, got.Item)
			} else if again := load(t, s, guild).Place; again != got {
				t.Errorf("guild %d changes from %+v to %+v after a take by %d", guild, got, again, token)
			}
		}
		writing.Go(func() {
			for n := uint64(1); ; n++ {
				changes := make([]session.Change, guilds)
				for i := range changes {
					changes[i] = change(snowflake.ID(guilds-i), token, n<<8|token) // not in the order of their ids
				}
				fenced, err := s.Save(t.Context(), changes)
				if err != nil {
					t.Errorf("save by %d: %v", token, err)
				}
				if err != nil || token < owners && len(fenced) == guilds || n == 20 {
					return
				}
			}
		})
	}
}
