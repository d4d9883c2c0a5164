// Package names compares the names of music as people do: without case, accents and
// punctuation, numbers by their value.
//
// It knows text only, holds no state and starts no goroutines.
package names

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold makes s comparable: its words in small letters with single spaces between them,
// without accents, apostrophes and punctuation. Full-width and half-width letters are the
// same, katakana are hiragana, ß is ss. Folding twice changes nothing.
func Fold(s string) string {
	if plain, ok := foldASCII(s); ok {
		return plain
	}
	var b strings.Builder
	space := false
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		switch {
		case voiced(r), unicode.Is(unicode.Mc, r):
			b.WriteRune(r) // it tells words apart, as が from か
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			letter(&b, r)
		default:
			space = true
		}
	}
	return norm.NFC.String(b.String())
}

// foldASCII is Fold for most names, in a tenth of the time.
func foldASCII(s string) (string, bool) {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return "", false
		}
	}
	b := make([]byte, 0, len(s))
	space := false
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c == '\'':
			continue
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			space = true
			continue
		}
		if space && len(b) > 0 {
			b = append(b, ' ')
		}
		space = false
		b = append(b, c)
	}
	return string(b), true
}

// voiced reports the marks that make か into が and は into ぱ.
func voiced(r rune) bool { return r == '\u3099' || r == '\u309a' }

// letter writes r as it is compared.
func letter(b *strings.Builder, r rune) {
	switch r = unicode.ToLower(r); r {
	case 'ß':
		b.WriteString("ss")
	case 'æ':
		b.WriteString("ae")
	case 'œ':
		b.WriteString("oe")
	case 'þ':
		b.WriteString("th")
	case 'ø':
		b.WriteByte('o')
	case 'đ', 'ð':
		b.WriteByte('d')
	case 'ł':
		b.WriteByte('l')
	case 'ı':
		b.WriteByte('i')
	case 'ς':
		b.WriteRune('σ')
	default:
		b.WriteRune(hiragana(r))
	}
}

// hiragana turns katakana into hiragana, which stand in the same order.
func hiragana(r rune) rune {
	if r >= 'ァ' && r <= 'ヶ' || r == 'ヽ' || r == 'ヾ' {
		return r - 'ァ' + 'ぁ'
	}
	return r
}

// Natural compares names as people order them: without case, numbers by value. It is 0
// for equal names only.
func Natural(a, b string) int { return NewKey(a).Compare(NewKey(b)) }

// Key is a name made ready to be ordered many times.
type Key struct{ folded, name string }

// NewKey makes name ready.
func NewKey(name string) Key { return Key{Fold(name), name} }

// Name is the name k was made of.
func (k Key) Name() string { return k.name }

// Compare orders names as Natural does.
func (k Key) Compare(other Key) int {
	x, y := k.folded, other.folded
	for x != "" && y != "" {
		i, j := digits(x), digits(y)
		if i > 0 && j > 0 {
			m, n := strings.TrimLeft(x[:i], "0"), strings.TrimLeft(y[:j], "0")
			if len(m) != len(n) {
				return len(m) - len(n)
			}
			if c := strings.Compare(m, n); c != 0 {
				return c
			}
			x, y = x[i:], y[j:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(k.name, other.name)
}

// digits returns how many digits s begins with.
func digits(s string) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// Stem is the last element of a path without its extension.
func Stem(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}

// Playlist reports whether a file of this name is a list of others.
func Playlist(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".m3u", ".m3u8", ".pls", ".xspf":
		return true
	}
	return false
}

// Music reports whether a file of this name may hold music: what it does not know may.
func Music(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".txt", ".md", ".nfo", ".log", ".pdf", ".html",
		".m3u", ".m3u8", ".pls", ".xspf", ".cue", ".sfv", ".md5", ".db", ".ini", ".url", ".lnk", ".zip", ".rar", ".7z",
		".json", ".xml", ".lrc", ".srt", ".part", ".tmp", ".crdownload":
		return false
	}
	return !Hidden(name)
}

// Hidden reports whether the last element of a path begins with a dot.
func Hidden(name string) bool { return strings.HasPrefix(path.Base(name), ".") }
