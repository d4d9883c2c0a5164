package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"busker/cmd/busker/internal/config"
	"busker/cmd/busker/internal/doctor"
)

// answers is a Discord that says what it is told to.
type answers map[string]any

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v10")
	switch answer := a[path].(type) {
	case nil:
		w.WriteHeader(http.StatusNotFound)
	case int:
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(answer)
	default:
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// healthy is what Discord says of a bot nothing is wrong with.
func healthy() answers {
	return answers{
		"/users/@me":        map[string]any{"id": "7", "username": "Busker"},
		"/applications/@me": map[string]any{"id": "7", "flags": 0, "approximate_guild_count": 3},
		"/gateway/bot": map[string]any{
			"shards": 2, "session_start_limit": map[string]any{"total": 1000, "remaining": 998, "reset_after": 3600_000, "max_concurrency": 1},
		},
		"/gateway":          map[string]any{},
		"/users/@me/guilds": []map[string]any{{"name": "Stage", "permissions": "3263488"}}, // 0x31CC00: all that is needed
	}
}

// examine runs the doctor with settings and a Discord, on a machine without faults.
func examine(t *testing.T, a answers, change func(*doctor.Options), args ...string) map[string][]doctor.Finding {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	var c config.Config
	parser, err := kong.New(&c, kong.ExplicitGroups(config.Groups()))
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"--discord-token=t", "--discord-api=" + server.URL, "--store-url=" + t.TempDir() + "/b.db", "--cache-dir=" + t.TempDir()}, args...)
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	o := doctor.Options{
		Config:    &c,
		LookPath:  func(string) (string, error) { return "", errors.New("none") },
		OpenFiles: func() uint64 { return 65536 },
		Cores:     func() int { return 4 },
		FreeSpace: func(string) (uint64, bool) { return 1 << 40, true },
	}
	if change != nil {
		change(&o)
	}
	by := map[string][]doctor.Finding{}
	for _, f := range doctor.Examine(t.Context(), o) {
		by[f.Check] = append(by[f.Check], f)
	}
	return by
}

func TestHealthy(t *testing.T) {
	for check, found := range examine(t, healthy(), nil) {
		if worst := doctor.Worst(found); worst != doctor.OK && worst != doctor.Note {
			t.Errorf("%s: %+v", check, found)
		}
	}
}

func TestFindings(t *testing.T) {
	with := func(path string, answer any) answers {
		a := healthy()
		a[path] = answer
		return a
	}
	starts := func(remaining, shards int) any {
		return map[string]any{"shards": shards, "session_start_limit": map[string]any{"total": 1000, "remaining": remaining, "reset_after": 60_000, "max_concurrency": 1}}
	}
	for _, tt := range []struct {
		name    string
		discord answers
		change  func(*doctor.Options)
		args    []string
		check   string
		state   doctor.State
		says    string
	}{
		{"token in trouble", with("/users/@me", 503), nil, nil, "token", doctor.Problem, "it is in trouble itself"},
		{"token too often", with("/users/@me", 429), nil, nil, "token", doctor.Warning, "asked less often"},
		{"token, a proxy", with("/users/@me", 418), nil, nil, "token", doctor.Problem, "418"},
		{"token, nonsense", with("/users/@me", "?"), nil, nil, "token", doctor.Problem, "understand the answer"},
		{"interactions elsewhere", with("/applications/@me", map[string]any{"interactions_endpoint_url": "https://h"}), nil, nil, "intents", doctor.Problem, "go to a web address"},
		{"code grant", with("/applications/@me", map[string]any{"bot_require_code_grant": true}), nil, nil, "intents", doctor.Warning, "Nobody can invite"},
		{"privileged", with("/applications/@me", map[string]any{"flags": 1 << 18}), nil, nil, "intents", doctor.Note, "Message Content"},
		{"no sessions left", with("/gateway/bot", starts(1, 2)), nil, nil, "shards", doctor.Problem, "2 shards may have to begin sessions, and 1"},
		{"few sessions left", with("/gateway/bot", starts(90, 2)), nil, nil, "shards", doctor.Warning, "90 of the day's 1000"},
		{"too few shards", healthy(), nil, []string{"--discord-shards=1"}, "shards", doctor.Warning, "recommends 2"},
		{"far too few shards", with("/applications/@me", map[string]any{"approximate_guild_count": 2501}), nil, []string{"--discord-shards=1"}, "shards", doctor.Problem, "more than the 2500 each"},
		{"permissions", with("/users/@me/guilds", []map[string]any{{"name": "Cellar", "permissions": "3072"}, {"name": "Attic", "permissions": "8"}}), nil, nil, "permissions", doctor.Warning, "in 1 of 2 servers: Cellar (Embed Links, Attach Files, Connect, Speak)"},
		{"no guilds", with("/users/@me/guilds", []any{}), nil, nil, "permissions", doctor.Note, "in no server yet"},
		{"clock", healthy(), func(o *doctor.Options) { o.Now = func() time.Time { return time.Now().Add(-10 * time.Second) } }, nil, "clock", doctor.Warning, "behind that of Discord"},
		{"clock far off", healthy(), func(o *doctor.Options) { o.Now = func() time.Time { return time.Now().Add(time.Hour) } }, nil, "clock", doctor.Problem, "ahead of that of Discord"},
		{"no UDP sockets", healthy(), dial(nil, &net.OpError{Op: "dial", Err: syscall.EACCES}), nil, "udp", doctor.Problem, "cannot be opened: permission denied"},
		{"no name server", healthy(), dial(nil, &net.DNSError{Name: "h"}), nil, "udp", doctor.Problem, "cannot be resolved"},
		{"UDP refused", healthy(), dial(wire{write: syscall.EPERM}, nil), nil, "udp", doctor.Problem, "refused on its way: operation not permitted"},
		{"UDP without a way", healthy(), dial(wire{read: syscall.EHOSTUNREACH}, nil), nil, "udp", doctor.Problem, "no route to host"},
		{"nobody on that port", healthy(), dial(wire{read: syscall.ECONNREFUSED}, nil), nil, "udp", doctor.OK, "nobody listens there"},
		{"few files", healthy(), func(o *doctor.Options) { o.OpenFiles = func() uint64 { return 256 } }, nil, "files", doctor.Problem, "256 files"},
		{"files for fewer servers", with("/applications/@me", map[string]any{"approximate_guild_count": 1000}), func(o *doctor.Options) { o.OpenFiles = func() uint64 { return 1024 } }, nil, "files", doctor.Warning, "the bot is in 1000"},
		{"files without a limit", healthy(), func(o *doctor.Options) { o.OpenFiles = func() uint64 { return 1 << 62 } }, nil, "files", doctor.OK, "as it likes"},
		{"one core", healthy(), func(o *doctor.Options) { o.Cores = func() int { return 1 } }, nil, "cores", doctor.Warning, "One core"},
		{"full disk", healthy(), func(o *doctor.Options) { o.FreeSpace = func(string) (uint64, bool) { return 1 << 20, true } }, nil, "store", doctor.Warning, "has 1.0 MiB left"},
		{"no room for the cache", healthy(), func(o *doctor.Options) { o.FreeSpace = func(string) (uint64, bool) { return 1 << 29, true } }, nil, "folders", doctor.Warning, "512.0 MiB left, and encoded tracks may take 1.0 GiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := examine(t, tt.discord, tt.change, tt.args...)[tt.check]
			for _, f := range found {
				if f.State == tt.state && strings.Contains(f.Says, tt.says) {
					if (f.State == doctor.Warning || f.State == doctor.Problem) && f.Do == "" {
						t.Errorf("nothing to do about it: %+v", f)
					}
					return
				}
			}
			t.Errorf("%+v, want %s: %s", found, tt.state, tt.says)
		})
	}
}

// TestWhatHangsIsGivenUp has a program that never answers and a disk that hangs.
func TestWhatHangsIsGivenUp(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	found := examine(t, healthy(), func(o *doctor.Options) {
		o.Timeout = 2 * time.Second
		o.FreeSpace = func(string) (uint64, bool) { <-hang; return 0, false }
	})
	for _, check := range []string{"store", "folders"} {
		if f := found[check]; len(f) != 1 || f[0].State != doctor.Problem || f[0].Says != "No answer in time." {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if doctor.Worst(found["token"]) != doctor.OK {
		t.Errorf("others wait for it: %+v", found["token"])
	}
}

func dial(c net.Conn, err error) func(*doctor.Options) {
	return func(o *doctor.Options) {
		o.Dial = func(context.Context, string, string) (net.Conn, error) { return c, err }
	}
}

// wire is a UDP socket that fails.
type wire struct {
	net.Conn
	write, read error
}

func (w wire) Write(b []byte) (int, error)     { return len(b), w.write }
func (w wire) Read([]byte) (int, error)        { return 0, w.read }
func (w wire) SetReadDeadline(time.Time) error { return nil }
func (w wire) Close() error                    { return nil }
func (w wire) RemoteAddr() net.Addr            { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 50001} }
