package bot

import (
	"strings"
	"unicode"

	"busker/track"
)

// maxTitle is the most characters of a title or name shown.
const maxTitle = 100

// escape makes text from outside harmless in a message: markdown and mentions are
// shown as they are written, line breaks become spaces, invisible and
// direction-changing characters go, and what is too long is cut.
func escape(s string) string {
	const special = "\\*_~`|>#-[]()<@:."
	var b strings.Builder
	n, space := 0, true
	for _, r := range s {
		if unicode.IsSpace(r) {
			if !space {
				b.WriteByte(' ')
				n++
			}
			space = true
			continue
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			continue
		}
		if n == maxTitle {
			b.WriteString("…")
			break
		}
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		n++
		space = false
	}
	return strings.TrimRight(b.String(), " ")
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
