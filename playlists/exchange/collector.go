package exchange

import (
	"cmp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// collector gathers the entries of a file, as many as are wanted.
type collector struct {
	limit int // 0 = MaxEntries
	list  List
}

// add takes an entry, unless nothing in it says what to look for.
func (c *collector) add(e Entry) {
	e.Title, e.Artist, e.Album = clean(e.Title), clean(e.Artist), clean(e.Album)
	if e.Text = strings.TrimPrefix(oneLine(e.Text), "./"); e.Text == "" {
		e.Text = joined(e.Artist, e.Title)
	}
	e.Length = max(0, e.Length.Truncate(time.Millisecond))
	switch {
	case e.Text == "":
	case len(c.list.Entries) >= cmp.Or(c.limit, MaxEntries):
		c.list.Cut++
	default:
		c.list.Entries = append(c.list.Entries, e)
	}
}

// title takes the first title that says something.
func (c *collector) title(s string) {
	if c.list.Title == "" {
		c.list.Title = clean(s)
	}
}

// clean makes one line of s, with single spaces and not too long.
func clean(s string) string {
	return short(strings.Join(strings.FieldsFunc(oneLine(s), unicode.IsSpace), " "))
}

// oneLine makes one line of s, without controls. Spaces inside a path mean something.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return short(strings.TrimSpace(s))
}

func short(s string) string {
	if len(s) <= maxText {
		return s
	}
	s = s[:maxText]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return strings.TrimSpace(s)
}

// joined is how people write an artist and a title in one line.
func joined(artist, title string) string {
	if artist == "" || title == "" {
		return artist + title
	}
	return artist + " - " + title
}

// split takes apart what joined made, also with the dashes of good typography.
func split(s string) (artist, title string) {
	first, width := -1, 0
	for _, dash := range []string{" - ", " – ", " — "} {
		if at := strings.Index(s, dash); at > 0 && (first < 0 || at < first) {
			first, width = at, len(dash)
		}
	}
	if first < 0 {
		return "", s
	}
	return strings.TrimSpace(s[:first]), strings.TrimSpace(s[first+width:])
}

// isLink says whether s is the address of something on the web.
func isLink(s string) bool {
	scheme, rest, ok := strings.Cut(s, "://")
	return ok && rest != "" && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}
