package bot

import (
	"slices"
	"strings"
	"unicode"

	"busker/track"
)

// maxTitle is the most characters of a title or name shown.
const maxTitle = 100

// escape makes text from outside harmless in a message: markdown, mentions and
// links are shown as they are written, line breaks become spaces, invisible and
// direction-changing characters go, and what is too long is cut. Only what Discord
// would format gets a backslash, for some places show backslashes too.
func escape(s string) string {
	text := clean(s)
	var b strings.Builder
	for i, r := range text {
		if formats(text, i) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// clean returns the characters of s that can be shown on one line, at most maxTitle.
func clean(s string) []rune {
	var text []rune
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			if len(text) == 0 || text[len(text)-1] == ' ' {
				continue
			}
			r = ' '
		case !unicode.IsPrint(r) || r == unicode.ReplacementChar:
			continue
		}
		if len(text) == maxTitle {
			return append(text, '…')
		}
		text = append(text, r)
	}
	if n := len(text); n > 0 && text[n-1] == ' ' {
		text = text[:n-1]
	}
	return text
}

// formats reports whether Discord would take text[i] for the beginning or the end
// of some formatting, wherever in a line the text stands.
func formats(text []rune, i int) bool {
	var before, after rune
	if i > 0 {
		before = text[i-1]
	}
	if i+1 < len(text) {
		after = text[i+1]
	}
	switch r := text[i]; r {
	case '\\', '*', '`', '[', ']', '<':
		return true
	case '_': // not within a word
		return !isWord(before) || !isWord(after)
	case '~', '|': // only in pairs
		return before == r || after == r
	case '#', '>', '-': // at the start of a line
		return i == 0
	case '.': // after the number of a list
		return i > 0 && !slices.ContainsFunc(text[:i], func(r rune) bool { return r < '0' || r > '9' })
	case '@':
		rest := string(text[i+1:])
		return strings.HasPrefix(rest, "everyone") || strings.HasPrefix(rest, "here")
	case ':':
		return after == '/' || isEmoji(text[i+1:])
	}
	return false
}

func isWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// isEmoji reports whether what follows a colon makes it an emoji's name, as in
// :notes:. A number is a time.
func isEmoji(rest []rune) bool {
	for i, r := range rest {
		switch {
		case r == ':':
			return i > 0
		case i == 0 && unicode.IsDigit(r), !isWord(r) && !strings.ContainsRune("_+-", r):
			return false
		}
	}
	return false
}

// title is a track's escaped title, or the best there is instead of one.
func title(t track.Track) string {
	for _, s := range []string{t.Title, t.URI} {
		if e := escape(s); e != "" {
			return e
		}
	}
	return "?"
}
