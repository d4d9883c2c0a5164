package find

import (
	"strings"
	"unicode/utf8"
)

// How well a word of the query fits one of the index, of 255.
const (
	exactly   = 255
	joined    = 240 // "black bird" for blackbird, "linkinpark" for linkin park
	beginning = 190 // "bohem", and up to that much more the less is missing:
	beginMore = 50
	earlier   = 20  // less for a beginning that is not of the last word typed
	oneEdit   = 180 // a letter too many, too few, a wrong one, or two that changed places
	twoEdits  = 135
	beginOff  = 60 // less for an edit in what is only a beginning
	inside    = 90 // "fire" in bonfire
)

// fit is a word of the index that fits one of the query.
type fit struct {
	word    uint32
	quality uint16
	whole   bool // no part of it is missing
}

// tolerance is how many edits a word of so many letters may need.
func tolerance(runes int) int {
	switch {
	case runes < 3:
		return 0
	case runes < 7:
		return 1
	}
	return 2
}

// wanted is a word of the query.
type wanted struct {
	text  string
	runes []rune
	set   uint64
	last  bool // it may not be typed to the end
	dense bool // of a script without spaces
}

func newWanted(text string, last bool) wanted {
	first, _ := utf8.DecodeRuneInString(text)
	return wanted{text, []rune(text), letters(text), last, unspaced(first)}
}

// fits finds the words of the index that fit q.
func (x *Index) fits(q wanted, found []fit) []fit {
	if q.dense {
		return x.fitsDense(q, found)
	}
	most := tolerance(len(q.runes))
	beginMost := 0
	if q.last && len(q.runes) > 3 {
		beginMost = most
	}
	var buffer [maxRunes]rune
	for w, set := range x.sets {
		absent := missing(q.set, set)
		if absent > most {
			continue
		}
		longer := int(x.lengths[w]) - len(q.runes)
		if absent == 0 && longer >= 0 {
			if quality := q.part(x.words[w], longer); quality > 0 {
				found = append(found, fit{uint32(w), quality, longer == 0})
				continue
			}
		}
		near := longer <= most && -longer <= most && apart(q.set, set) <= 2*most
		if !near && (absent > beginMost || beginMost == 0 || longer < 0) {
			continue
		}
		t := runesOf(x.words[w], &buffer)
		if !near && t[0] != q.runes[0] { // who has typed only the beginning has it right
			continue
		}
		whole, begin := edits(q.runes, t, most)
		if quality, ok := q.off(whole, begin, most, beginMost, t); ok {
			found = append(found, fit{uint32(w), quality, whole <= most})
		}
	}
	return found
}

// part is the quality of a word that has q in it, longer by so many letters; 0 = it has not.
func (q wanted) part(word string, longer int) uint16 {
	at := strings.Index(word, q.text)
	switch {
	case at < 0:
		return 0
	case longer == 0:
		return exactly
	case at > 0:
		if len(q.runes) < 3 {
			return 0
		}
		return inside
	}
	quality := beginning + beginMore*len(q.runes)/(len(q.runes)+longer)
	if !q.last {
		quality -= earlier
	}
	return uint16(quality)
}

// off is the quality of a word so many edits away from q.
func (q wanted) off(whole, begin, most, beginMost int, t []rune) (uint16, bool) {
	n := whole
	less := uint16(0)
	if whole > most {
		if begin > beginMost || beginMost == 0 {
			return 0, false
		}
		n, less = begin, beginOff
	}
	if len(q.runes) == 3 && t[0] != q.runes[0] { // three letters are soon another word
		return 0, false
	}
	if n > 1 {
		return twoEdits - less, true
	}
	return oneEdit - less, true
}

// fitsDense finds pairs of letters as they are, and single letters wherever they stand.
func (x *Index) fitsDense(q wanted, found []fit) []fit {
	if w, ok := x.numbers[q.text]; ok {
		found = append(found, fit{w, exactly, true})
	}
	if len(q.runes) > 1 {
		return found
	}
	for w, set := range x.sets {
		if q.set&^set == 0 && x.lengths[w] > 1 && strings.HasPrefix(x.words[w], q.text) {
			found = append(found, fit{uint32(w), beginning, false})
		}
	}
	return found
}

// runesOf spreads word over buffer.
func runesOf(word string, buffer *[maxRunes]rune) []rune {
	n := 0
	for _, r := range word {
		buffer[n] = r
		n++
	}
	return buffer[:n]
}

// both are the documents that have a and b, in the fields that have both, or else either.
func (x *Index) both(a, b uint32, found []posting) []posting {
	l, m := x.postings[a], x.postings[b]
	for len(l) > 0 && len(m) > 0 {
		switch d, e := l[0]>>fieldBits, m[0]>>fieldBits; {
		case d < e:
			l = l[1:]
		case d > e:
			m = m[1:]
		default:
			fields := l[0] & m[0] & anyField
			if fields == 0 {
				fields = (l[0] | m[0]) & anyField
			}
			found = append(found, d<<fieldBits|fields)
			l, m = l[1:], m[1:]
		}
	}
	return found
}
