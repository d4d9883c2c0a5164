// Package busker_test holds the plan of the house to its word: which package may
// stand on which, and what must never be seen where. docs/architecture.md explains
// the plan; this file is its law.
package busker_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A package imports only packages of lower floors, and packages of its own craft
// (the same first path element).
var floors = map[string]int{
	"audio":              1,
	"track":              1,
	"cluster":            1,
	"internal/bubble":    1,
	"internal/cores":     1,
	"internal/fault":     1,
	"internal/snowflake": 1,
	"internal/telemetry": 1,

	"opus":      2,
	"dsp":       2,
	"sources":   2,
	"voice":     2,
	"queue":     2,
	"session":   2,
	"settings":  2,
	"playlists": 2,
	"words":     2,
	"gateway":   2,
	"cache":     2,

	"player": 3,
	"studio": 3,
	"store":  3,

	"bot":           4,
	"player/remote": 4,

	"cmd": 5,

	"emulator": beside,
	"bench":    beside,
	"tools":    beside,
}

// beside marks what is not part of the product: it may use the lower floors up to
// the crafts, and only the doors may use it.
const beside = -1

// sideways lists the imports between crafts of one floor that are right, and why.
var sideways = map[string]string{
	"session → queue":          "what it keeps of a guild is mostly its queue",
	"session → dsp":            "and how the guild wants it to sound",
	"sources → opus":           "decode is where containers meet codecs: it turns Opus packets into PCM",
	"cache → opus":             "what it keeps are Opus packets in DCA files",
	"cluster → internal/fault": "what is carried out elsewhere fails there, and is told here",
	"sources → dsp":            "decode brings every rate and layout to 48 kHz stereo",
}

// nevers lists what may be imported by few, and why.
var nevers = []struct {
	imported string   // import path, or a prefix ending in /
	only     []string // crafts that may
	reason   string
}{
	{"github.com/bwmarrin/discordgo", []string{"gateway", "bot"}, "the rest of the house must survive a change of Discord library"},
	{"github.com/coder/websocket", []string{"voice", "gateway", "emulator", "cmd"}, "sockets belong to the two gateways, the emulator and the demo page"},
	{"github.com/alecthomas/kong", []string{"cmd"}, "flags are read at the door"},
	{"github.com/goccy/go-yaml", []string{"cmd", "words"}, "config files are read at the door; words reads its own embedded catalogue"},
	{"busker/emulator", []string{"emulator", "bench", "cmd"}, "production never depends on the imaginary Discord; only the demo does"},
	{"net/http", []string{"bench", "sources", "gateway", "bot", "internal/telemetry", "emulator", "cmd", "voice/signal"}, "few packages talk HTTP"},
	{"database/sql", []string{"store"}, "only store writes SQL"},
	{"github.com/jackc/pgx/", []string{"store"}, "only store talks to Postgres"},
	{"modernc.org/sqlite", []string{"store"}, "only store talks to SQLite"},
	{"github.com/pressly/goose/", []string{"store"}, "only store has a schema"},
	{"github.com/redis/go-redis/", []string{"cluster"}, "only cluster/redis talks to Redis"},
	{"github.com/stripe/stripe-go/", []string{"premium"}, "only premium talks to Stripe"},
}

type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	CgoFiles   []string
	Imports    []string
}

func TestEveryArrowPointsDown(t *testing.T) {
	for _, p := range packages(t) {
		from := craft(p.ImportPath)
		floor, ok := floors[from]
		if !ok {
			t.Errorf("%s stands on no floor: add it to the table or move it", rel(p.ImportPath))
			continue
		}
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, "busker/") {
				continue
			}
			to := craft(imported)
			if to == from {
				continue
			}
			if err := arrow(from, floor, to, floors[to]); err != nil {
				t.Errorf("%s imports %s: %v", rel(p.ImportPath), rel(imported), err)
			}
		}
	}
}

func arrow(from string, floor int, to string, target int) error {
	_, permitted := sideways[from+" → "+to]
	switch {
	case target == 0:
		return fmt.Errorf("%s stands on no floor", to)
	case floor == beside && (target == 1 || target == 2):
		return nil
	case from == "bench" && target == 3: // it measures the engine as a whole
		return nil
	case from == "bench" && to == "emulator": // and against the imaginary Discord
		return nil
	case floor == beside:
		return fmt.Errorf("what stands beside the house may use floors 1 and 2, and %s is on floor %d", to, target)
	case target == beside && floor == 5:
		return nil
	case target == beside:
		return fmt.Errorf("%s stands beside the house: only the doors may use it", to)
	case target == floor && permitted, target < floor:
		return nil
	}
	return fmt.Errorf("%s (floor %d) on %s (floor %d): the arrow must point down", from, floor, to, target)
}

func TestNevers(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			for _, never := range nevers {
				prefix := strings.TrimSuffix(never.imported, "/")
				if imported != prefix && !strings.HasPrefix(imported, prefix+"/") {
					continue
				}
				if !among(rel(p.ImportPath), never.only) {
					t.Errorf("%s imports %s: %s", rel(p.ImportPath), imported, never.reason)
				}
			}
		}
	}
}

// forbidden calls, by the selector's text, in production files outside the crafts
// that may.
var forbidden = []struct {
	call   string
	only   []string
	reason string
}{
	{"os.Getenv", []string{"cmd", "emulator/interop"}, "the environment is read at the door and nowhere else"},
	{"os.LookupEnv", []string{"cmd", "emulator/interop"}, "the environment is read at the door and nowhere else"},
	{"os.Environ", []string{"cmd", "emulator/interop", "bench/load"}, "the environment is read at the door and nowhere else"},
	{"time.Sleep", nil, "wait for what you are waiting for, under a context"},
	{"os.Exit", []string{"cmd", "bench/load", "dsp/gallery"}, "only the door ends the process"},
	{"log.Fatal", nil, "only the door ends the process"},
	{"slog.Default", []string{"cmd"}, "a logger is handed in through Options"},
}

func TestForbiddenCalls(t *testing.T) {
	for _, p := range packages(t) {
		for _, file := range append(p.GoFiles, p.CgoFiles...) {
			for _, call := range selectors(t, filepath.Join(p.Dir, file)) {
				for _, f := range forbidden {
					if call == f.call && !among(rel(p.ImportPath), f.only) {
						t.Errorf("%s/%s calls %s: %s", rel(p.ImportPath), file, call, f.reason)
					}
				}
			}
		}
	}
}

func TestTheTablesBite(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		fine     bool
	}{
		{"voice", "player", false},
		{"voice", "sources", false},
		{"dsp", "opus", false},
		{"sources", "dsp", true},
		{"player", "voice", true},
		{"player", "bot", false},
		{"bot", "emulator", false},
		{"cmd", "emulator", true},
		{"emulator", "opus", true},
		{"emulator", "player", false},
		{"audio", "cluster", false},
	} {
		err := arrow(tt.from, floors[tt.from], tt.to, floors[tt.to])
		if (err == nil) != tt.fine {
			t.Errorf("%s → %s: %v", tt.from, tt.to, err)
		}
	}
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,CgoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath != "busker" {
			list = append(list, p)
		}
	}
}

func selectors(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil {
				found = append(found, x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return found
}

// craft is the part of an import path that the tables name: the first element, or
// the first two below internal and where the two stand on a floor of their own.
func craft(path string) string {
	parts := strings.Split(rel(path), "/")
	if len(parts) > 1 {
		two := parts[0] + "/" + parts[1]
		if floors[two] != 0 || parts[0] == "internal" {
			return two
		}
	}
	return parts[0]
}

func rel(path string) string { return strings.TrimPrefix(path, "busker/") }

func among(path string, crafts []string) bool {
	for _, c := range crafts {
		if path == c || strings.HasPrefix(path, c+"/") {
			return true
		}
	}
	return false
}
