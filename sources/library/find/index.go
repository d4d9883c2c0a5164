// Package find finds names by words of them, however they are typed.
//
// An Index holds documents, each a few names: a title, an artist, an album, a path. It
// keeps their words in memory and nothing of the names themselves. It forgives typing
// errors, missing and extra spaces, the order of words, and words that are not yet typed to
// the end. It knows no files and no tracks, reads nothing and starts no goroutines.
package find

import (
	"slices"
	"sync"
	"unicode/utf8"

	"busker/sources/names"
)

// Doc is a document of an Index.
type Doc uint32

// Fields are the names of a document.
type Fields struct {
	Title  string // what it is called itself
	Artist string
	Album  string
	Path   string // where it lies; what else it may be found by
}

// The fields a word stands in, as bits of a posting, and what each is worth of 255.
const (
	inTitle = 1 << iota
	inArtist
	inAlbum
	inPath
	fieldBits = iota
	anyField  = 1<<fieldBits - 1
)

var worth = func() (table [anyField + 1]uint16) {
	for i := range table {
		switch {
		case i&inTitle != 0:
			table[i] = 255
		case i&inArtist != 0:
			table[i] = 215
		case i&inAlbum != 0:
			table[i] = 170
		case i&inPath != 0:
			table[i] = 110
		}
	}
	return table
}()

// posting is a document a word stands in, and in which of its fields: doc<<fieldBits | fields.
type posting uint32

// maxDocs is how many documents fit into postings.
const maxDocs = 1<<(32-fieldBits) - 1

// Index is a set of documents. Any number of goroutines may search it while none adds or
// removes.
type Index struct {
	numbers  map[string]uint32 // of words
	words    []string          // by number, as are the three below
	sets     []uint64          // letters of each
	lengths  []uint8           // in runes
	postings [][]posting       // ascending

	titles  []uint8 // how many words each document's title has, 0 = removed
	removed int
	rooms   sync.Pool // of *room
}

// New returns an empty Index.
func New() *Index {
	return &Index{numbers: map[string]uint32{}, rooms: sync.Pool{New: func() any { return new(room) }}}
}

// Len is how many documents there are.
func (x *Index) Len() int { return len(x.titles) - x.removed }

// Removed is how many documents were removed, whose words are still there. Only a new
// Index is without them.
func (x *Index) Removed() int { return x.removed }

// Words is how many different words there are.
func (x *Index) Words() int { return len(x.words) }

// Add adds a document. Its number is larger than all before.
func (x *Index) Add(f Fields) Doc {
	d := Doc(len(x.titles))
	if d >= maxDocs {
		panic("find: more documents than an Index can number")
	}
	n := x.post(d, f.Title, inTitle)
	x.titles = append(x.titles, uint8(max(n, 1))) // at most maxWords
	x.post(d, f.Artist, inArtist)
	x.post(d, f.Album, inAlbum)
	x.post(d, f.Path, inPath)
	return d
}

// post adds the words of one field and returns how many a search for it would have.
func (x *Index) post(d Doc, name string, field posting) (n int) {
	folded := names.Fold(name)
	wordsOf(folded, true, func(word string) {
		w := x.number(word)
		list := x.postings[w]
		if end := len(list) - 1; end >= 0 && list[end]>>fieldBits == posting(d) {
			list[end] |= field
			return
		}
		x.postings[w] = append(list, posting(d)<<fieldBits|field)
	})
	if field == inTitle {
		wordsOf(folded, false, func(string) { n++ })
	}
	return n
}

// number is the number of a word, which may be new.
func (x *Index) number(word string) uint32 {
	if w, ok := x.numbers[word]; ok {
		return w
	}
	w := uint32(len(x.words))
	word = string([]byte(word)) // not the whole name it stands in
	x.numbers[word] = w
	x.words = append(x.words, word)
	x.sets = append(x.sets, letters(word))
	x.lengths = append(x.lengths, uint8(utf8.RuneCountInString(word)))
	x.postings = append(x.postings, nil)
	return w
}

// Remove removes a document; a second time does nothing.
func (x *Index) Remove(d Doc) {
	if int(d) < len(x.titles) && x.titles[d] != 0 {
		x.titles[d] = 0
		x.removed++
	}
}

// Grow makes room for n more documents.
func (x *Index) Grow(n int) { x.titles = slices.Grow(x.titles, n) }
