package playlists

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"busker/internal/fault"
)

// MaxName is the longest name in characters: what fits a choice of Discord with the
// number of tracks behind it.
const MaxName = 64

// Faults of a Store that a caller may want to tell apart with errors.Is.
var (
	ErrNotFound  = fault.New(fault.NotFound, "There is no such playlist.")
	ErrNameTaken = fault.New(fault.Invalid, "There is already a playlist with that name.")
	ErrChanged   = fault.New(fault.Busy, "Somebody changed the playlist meanwhile. Look at it again.")
)

// Name returns a playlist's name as it is kept: composed (NFC), trimmed, with single
// spaces and without characters nobody sees. An empty or overlong one is a fault.
func Name(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fault.New(fault.Invalid, "That name is not readable text.")
	}
	name := strings.Join(strings.Fields(norm.NFC.String(strings.Map(visible, s))), " ")
	switch n := utf8.RuneCountInString(name); {
	case strings.Trim(name, joiner) == "":
		return "", fault.New(fault.Invalid, "A playlist needs a name.")
	case n > MaxName:
		return "", fault.Newf(fault.Invalid, "A name has at most %d characters, not %d.", MaxName, n)
	}
	return name, nil
}

// NameKey returns what makes two names the same to people: upper and lower case, wide
// and narrow forms are one.
func NameKey(name string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

// joiner holds emoji and letters of some scripts together: it stays.
const joiner = "\u200d\u200c"

// visible drops controls, marks of direction and everything else that has no shape;
// what separates lines becomes a space.
func visible(r rune) rune {
	switch {
	case strings.ContainsRune(joiner, r):
		return r
	case unicode.IsSpace(r):
		return ' '
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
		return -1
	}
	return r
}
