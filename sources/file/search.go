package file

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// index is the list of what lies below the root, kept until it is stale.
type index struct {
	mu      sync.Mutex
	made    time.Time
	entries []entry
}

// entry is a file or folder, with its names as they are compared.
type entry struct {
	name string // path below the root
	full string // folded path
	base string // folded name without extension
	dir  bool
}

// search returns the path of what matches text best: every word of it must occur
// in the path.
func (s *Source) search(ctx context.Context, text string) (string, error) {
	words := strings.Fields(fold(text))
	if len(words) == 0 {
		return "", missing(text)
	}
	entries, err := s.list(ctx)
	if err != nil {
		return "", err
	}
	best, name := 0, ""
	for _, e := range entries {
		n := e.score(words)
		if n > best || n == best && n > 0 && natural(e.name, name) < 0 {
			best, name = n, e.name
		}
	}
	if best == 0 {
		return "", missing(text)
	}
	return name, nil
}

// score says how well the words fit e, 0 when they do not.
func (e entry) score(words []string) int {
	query := strings.Join(words, " ")
	switch {
	case e.base == query && !e.dir:
		return 6
	case e.base == query:
		return 5
	case e.dir:
		return 0 // a folder must be named
	case strings.HasPrefix(e.base, query+" "):
		return 4
	case strings.Contains(" "+e.base+" ", " "+query+" "):
		return 3
	case containsAll(e.base, words):
		return 2
	case containsAll(e.full, words):
		return 1
	}
	return 0
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// list returns the index, read again if it is stale.
func (s *Source) list(ctx context.Context) ([]entry, error) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if !s.index.made.IsZero() && time.Since(s.index.made) < s.opts.Refresh {
		return s.index.entries, nil
	}
	var entries []entry
	err := fs.WalkDir(s.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if d != nil && d.IsDir() {
				return fs.SkipDir // a folder we may not read
			}
			return nil
		case name == ".":
			return nil
		case len(entries) >= s.opts.MaxFiles:
			return fs.SkipAll
		case strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || worthwhile(name) {
			entries = append(entries, newEntry(name, d.IsDir()))
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.SkipAll) {
		return nil, err
	}
	s.index.entries, s.index.made = entries, time.Now()
	return entries, nil
}

func newEntry(name string, dir bool) entry {
	base := path.Base(name)
	if !dir {
		base = strings.TrimSuffix(base, path.Ext(base))
	}
	return entry{name: name, full: words(fold(name)), base: words(fold(base)), dir: dir}
}

// words puts single spaces between words.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// fold makes names comparable: without case, accents and punctuation.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			b.WriteString(special(unicode.ToLower(r)))
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// special folds letters that are not a base letter with a mark on it.
func special(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'ł':
		return "l"
	case 'ı':
		return "i"
	case 'þ':
		return "th"
	}
	return string(r)
}
