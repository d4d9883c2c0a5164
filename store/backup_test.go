package store_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/playlists"
	"busker/store"
	"busker/store/storetest"
)

func backup(t testing.TB, s *store.Store) []byte {
	t.Helper()
	var out bytes.Buffer
	if rows := must[int64](t)(s.Backup(t.Context(), &out)); rows < 0 {
		t.Errorf("%d rows", rows)
	}
	return out.Bytes()
}

// lines are those of a backup but the first, which has the time, and the last.
func lines(t testing.TB, s *store.Store) string {
	t.Helper()
	text := unzip(t, backup(t, s))
	_, rest, _ := strings.Cut(text, "\n")
	return rest[:strings.LastIndex(rest, `{"rows"`)]
}

func contains(dump, id string) bool {
	// Ids beyond 63 bits are negative numbers in the dump.
	return strings.Contains(dump, id)
}

func unzip(t testing.TB, archive []byte) string {
	t.Helper()
	r := must[*gzip.Reader](t)(gzip.NewReader(bytes.NewReader(archive)))
	return string(must[[]byte](t)(io.ReadAll(r)))
}

func zip(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	must[int](t)(io.WriteString(w, text))
	no(t, w.Close())
	return out.Bytes()
}

func TestAStoreMovesThereAndBack(t *testing.T) {
	for _, way := range [][2]string{{"sqlite", "postgres"}, {"postgres", "sqlite"}, {"sqlite", "sqlite"}} {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			from, to := storetest.Open(t, way[0], store.Options{}), storetest.Open(t, way[1], store.Options{})
			furnish(t, from)
			want := lines(t, from)
			rows := must[int64](t)(to.Restore(t.Context(), bytes.NewReader(backup(t, from)), store.RestoreOptions{}))
			if n := strings.Count(want, "\n["); int(rows) != n {
				t.Errorf("%d rows restored, %d were saved", rows, n)
			}
			if got := lines(t, to); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			back := storetest.Open(t, way[0], store.Options{})
			must[int64](t)(back.Restore(t.Context(), bytes.NewReader(backup(t, to)), store.RestoreOptions{}))
			if got := lines(t, back); got != want {
				t.Errorf("and back\n%s\nwant\n%s", got, want)
			}
			goOn(t, to)
		})
	}
}

// TestAnImportBelongsToNobody: the tokens of who wrote the store before, or the one that
// was saved, keep nobody from going on with it.
func TestAnImportBelongsToNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		from, to := storetest.Open(t, engine, store.Options{}), storetest.Open(t, engine, store.Options{})
		furnish(t, from)
		no(t, from.Sessions().Take(t.Context(), cafe, 1000))
		no(t, to.Sessions().Take(t.Context(), cafe, 2000)) // which is nothing that an import would overwrite
		must[int64](t)(to.Restore(t.Context(), bytes.NewReader(backup(t, from)), store.RestoreOptions{}))
		no(t, to.Sessions().Take(t.Context(), cafe, 1))
	})
}

// goOn checks that a restored store gives new ids to new things.
func goOn(t *testing.T, s *store.Store) {
	ctx := t.Context()
	p := must[playlists.Playlist](t)(s.Playlists().Create(ctx, playlists.Playlist{Owner: playlists.User(ann), Name: "new"}))
	if p.ID <= 3 {
		t.Errorf("the id %d is used again", p.ID)
	}
	no(t, s.Playlists().Played(ctx, playlists.Play{Guild: cafe, Track: tune("new"), At: noon}))
	no(t, s.Audit().Add(ctx, store.AuditEntry{Guild: cafe, Command: "new", At: noon}))
	if newest := must[[]playlists.Play](t)(s.Playlists().Recent(ctx, playlists.Plays{}))[0]; newest.Track.Title != "new" {
		t.Errorf("the newest play is %+v", newest)
	}
}

func TestRestoreIntoAFullStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s, other := storetest.Open(t, engine, store.Options{}), storetest.Open(t, engine, store.Options{})
		furnish(t, s)
		no(t, other.Cards().SetCard(t.Context(), snowflake.ID(3), store.Card{Channel: 1}))
		before := lines(t, s)
		_, err := s.Restore(t.Context(), bytes.NewReader(backup(t, other)), store.RestoreOptions{})
		complains(t, err, fault.Invalid, "holds something already")
		if lines(t, s) != before {
			t.Error("the refused restore changed something")
		}
		must[int64](t)(s.Restore(t.Context(), bytes.NewReader(backup(t, other)), store.RestoreOptions{Replace: true}))
		if got, want := lines(t, s), lines(t, other); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// signed gives text, without its last line, a last line that fits.
func signed(text string, rows int) string {
	sum := sha256.Sum256([]byte(text))
	return text + fmt.Sprintf(`{"rows":%d,"sha256":"%s"}`+"\n", rows, hex.EncodeToString(sum[:]))
}

func TestArchivesThatAreRefused(t *testing.T) {
	source := storetest.Open(t, "sqlite", store.Options{})
	furnish(t, source)
	good := backup(t, source)
	text := unzip(t, good)
	head := `{"busker":"store","archive":1,"schema":2,"at":""}` + "\n"
	card := `{"table":"card","columns":["guild","channel","message","serial"]}` + "\n"
	for _, tt := range []struct {
		name    string
		archive []byte
		kind    fault.Kind
	}{
		{"nothing", nil, fault.Corrupt},
		{"not zipped", []byte(text), fault.Corrupt},
		{"another archive", zip(t, `{"hello":"world"}`+"\n"), fault.Corrupt},
		{"a letter changed", zip(t, strings.Replace(text, "Été", "Ete", 1)), fault.Corrupt},
		{"a row less", zip(t, strings.Replace(text, "["+cafe.String()+",7,8,9]\n", "", 1)), fault.Corrupt},
		{"a row twice", zip(t, signed(head+card+"[1,2,3,4]\n[1,2,3,4]\n", 2)), fault.Corrupt},
		{"no end", zip(t, text[:strings.LastIndex(text, `{"rows"`)]), fault.Corrupt},
		{"something after the end", zip(t, text+"[1]\n"), fault.Corrupt},
		{"two archives", append(bytes.Clone(good), good...), fault.Corrupt},
		{"a table nobody knows", zip(t, signed(head+`{"table":"sqlite_master","columns":["name"]}`+"\n", 0)), fault.Corrupt},
		{"a column nobody knows", zip(t, signed(head+`{"table":"card","columns":["guild) VALUES (1); DROP TABLE card; --"]}`+"\n", 0)), fault.Corrupt},
		{"a column twice", zip(t, signed(head+`{"table":"card","columns":["guild","guild"]}`+"\n[1,2]\n", 1)), fault.Corrupt},
		{"a row of no table", zip(t, signed(head+"[1]\n", 1)), fault.Corrupt},
		{"text for a number", zip(t, signed(head+card+`[1,2,"3",4]`+"\n", 1)), fault.Corrupt},
		{"no number", zip(t, signed(head+card+`[1,2,null,4]`+"\n", 1)), fault.Corrupt},
		{"too large a number", zip(t, signed(head+card+`[1,2,9223372036854775808,4]`+"\n", 1)), fault.Corrupt},
		{"too few columns", zip(t, signed(head+card+`[1,2,3]`+"\n", 1)), fault.Corrupt},
		{"an entry of no playlist", zip(t, signed(head+`{"table":"playlist_entry","columns":["playlist","n","at","adder","track"]}`+"\n"+`[77,1,1,1,"{}"]`+"\n", 1)), fault.Corrupt},
		{"of a newer schema", zip(t, signed(strings.Replace(head, `"schema":2`, `"schema":99`, 1), 0)), fault.Unsupported},
		{"of a newer form", zip(t, signed(strings.Replace(head, `"archive":1`, `"archive":2`, 1), 0)), fault.Unsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, engine string) {
				refuses(t, storetest.Open(t, engine, store.Options{}), tt.archive, tt.kind)
			})
		})
	}
	t.Run("cut anywhere", func(t *testing.T) {
		s := storetest.Open(t, "sqlite", store.Options{})
		for n := 0; n < len(good); n += 1 + len(good)/200 {
			refuses(t, s, good[:n], fault.Corrupt)
		}
		refuses(t, s, good[:len(good)-1], fault.Corrupt)
		must[int64](t)(s.Restore(t.Context(), bytes.NewReader(good), store.RestoreOptions{Replace: true}))
	})
}

// refuses checks that an archive is refused and changes nothing.
func refuses(t *testing.T, s *store.Store, archive []byte, kind fault.Kind) {
	t.Helper()
	no(t, s.Cards().SetCard(t.Context(), 5, store.Card{Channel: 6}))
	before := lines(t, s)
	_, err := s.Restore(t.Context(), bytes.NewReader(archive), store.RestoreOptions{Replace: true})
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%v, want a fault of kind %v", err, kind)
	}
	if lines(t, s) != before {
		t.Error("the refused archive changed something")
	}
}

// FuzzRestore tries archives of which the checksum is right.
func FuzzRestore(f *testing.F) {
	s := storetest.OpenAt(f, ":memory:", store.Options{})
	furnish(f, s)
	text := unzip(f, backup(f, s))
	f.Add(text[:strings.LastIndex(text, `{"rows"`)])
	f.Add(`{"busker":"store","archive":1,"schema":1,"at":""}` + "\n" + `{"table":"card","columns":["guild"]}` + "\n[1]\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows := strings.Count(text, "\n[")
		if got, err := s.Restore(t.Context(), bytes.NewReader(zip(t, signed(text, rows))), store.RestoreOptions{Replace: true}); err == nil {
			if got != int64(rows) {
				t.Errorf("%d rows of %d", got, rows)
			}
			if n := strings.Count(lines(t, s), "\n["); n != rows {
				t.Errorf("%d rows are kept of %d", n, rows)
			}
		}
	})
}

func dumpOf(t interface{ Fatal(...any) }, archive string) string {
	r, err := gzip.NewReader(strings.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	return rest[:strings.LastIndex(rest, `{"rows"`)]
}

// unnumbered leaves the ids out that a database gave: after what was deleted or taken
// back, one has gaps where the other has none.
func unnumbered(dump string) string {
	var b strings.Builder
	numbered := false
	for line := range strings.Lines(dump) {
		if strings.HasPrefix(line, "{") {
			numbered = strings.Contains(line, `"columns":["id",`)
		} else if numbered {
			_, line, _ = strings.Cut(line, ",")
		}
		b.WriteString(line)
	}
	return b.String()
}
