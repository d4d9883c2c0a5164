package find

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRunes is how much of a word counts. Nobody types more of one.
const maxRunes = 32

// maxWords is how many words of one name are kept.
const maxWords = 48

// wordsOf calls yield with the words of a folded name. Scripts that put no spaces between
// words come in pairs of letters: 夜に駆ける is 夜に, に駆, 駆け, ける. Whole adds the last
// letter alone, by which a single letter finds every place it stands in.
func wordsOf(folded string, whole bool, yield func(word string)) {
	n := 0
	for field := range strings.FieldsSeq(folded) {
		for field != "" && n < maxWords {
			run, dense := runOf(field)
			field = field[len(run):]
			if !dense {
				yield(cut(run))
				n++
				continue
			}
			n += pairs(run, whole, maxWords-n, yield)
		}
	}
}

// runOf returns the beginning of s that is all of scripts with spaces, or all of scripts
// without.
func runOf(s string) (run string, dense bool) {
	first, _ := utf8.DecodeRuneInString(s)
	dense = unspaced(first)
	for i, r := range s {
		if unspaced(r) != dense {
			return s[:i], dense
		}
	}
	return s, dense
}

func unspaced(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r == 'ー' || r == '々'
}

// pairs yields at most so many pairs of letters of run, and returns how many.
func pairs(run string, whole bool, most int, yield func(string)) (n int) {
	for i, r := range run {
		first := utf8.RuneLen(r)
		_, second := utf8.DecodeRuneInString(run[i+first:])
		if second == 0 && !whole && i > 0 || n == most {
			break
		}
		yield(run[i : i+first+second])
		n++
	}
	return n
}

// cut bounds a word.
func cut(word string) string {
	if len(word) <= maxRunes {
		return word
	}
	n := 0
	for i := range word {
		if n == maxRunes {
			return word[:i]
		}
		n++
	}
	return word
}

// letters is the set of letters of a word in 64 bits, of which some letters share one. An
// edit changes at most two of them.
func letters(word string) (set uint64) {
	for _, r := range word {
		switch {
		case r >= 'a' && r <= 'z':
			set |= 1 << (r - 'a')
		case r >= '0' && r <= '9':
			set |= 1 << (26 + r - '0')
		default:
			set |= 1 << (36 + uint32(r)*0x9E3779B1>>8%28)
		}
	}
	return set
}

// missing is how many letters of a are not in b, at least.
func missing(a, b uint64) int { return bits.OnesCount64(a &^ b) }

// apart is how many letters are in one set only.
func apart(a, b uint64) int { return bits.OnesCount64(a ^ b) }
