package find

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"busker/sources/names"
)

// maxQuery is how many words of a query count; more than that of one name nobody types.
const maxQuery = 12

// Match is a document a search found.
type Match struct {
	Doc   Doc
	Score float64 // 1 is a perfect fit
	Whole bool    // the words are the whole title
}

// room is what one search needs for every document.
type room struct {
	best   []uint16 // of the word in hand: quality<<2, with the bits below
	sum    []uint16 // of the words so far
	met    []uint8  // how many words fit
	titled []uint8  // how many of them in the title
	whole  []uint8  // how many of those are the whole word
	fits   []fit
	posts  []posting
}

// What best says beside the quality.
const (
	bestWhole = 1 << iota
	bestTitle
	bestBits = iota
)

func (r *room) clear(docs int) {
	if cap(r.best) < docs {
		n := docs + docs/4
		r.best, r.sum = make([]uint16, n), make([]uint16, n)
		r.met, r.titled, r.whole = make([]uint8, n), make([]uint8, n), make([]uint8, n)
	}
	r.best, r.sum, r.met, r.titled, r.whole = r.best[:docs], r.sum[:docs], r.met[:docs], r.titled[:docs], r.whole[:docs]
	clear(r.best)
	clear(r.sum)
	clear(r.met)
	clear(r.titled)
	clear(r.whole)
}

// Search returns the documents that fit text best, the best first, at most limit.
// It asks for the names of those that come into question, a few more than limit.
func (x *Index) Search(text string, limit int, fields func(Doc) Fields) []Match {
	folded := foldQuery(text)
	query := queryOf(folded)
	if len(query) == 0 || limit <= 0 || len(x.titles) == 0 {
		return nil
	}
	r := x.rooms.Get().(*room)
	defer x.rooms.Put(r)
	r.clear(len(x.titles))
	for i, q := range query {
		r.fits = x.fits(q, r.fits[:0])
		x.take(r, r.fits)
		x.takeJoined(r, query, i)
		x.takeSplit(r, q)
		r.settle()
	}
	matches := x.pick(r, query, 4*limit+64)
	for i := range matches {
		matches[i].refine(folded, fields(matches[i].Doc))
	}
	slices.SortStableFunc(matches, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Doc, b.Doc))
	})
	return matches[:min(limit, len(matches))]
}

// foldQuery is what of a query counts.
func foldQuery(text string) string {
	const most = 512 // bytes
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return names.Fold(text)
}

func queryOf(folded string) (query []wanted) {
	wordsOf(folded, false, func(word string) {
		if len(query) < maxQuery {
			query = append(query, newWanted(word, false))
		}
	})
	if len(query) > 0 {
		query[len(query)-1].last = true
	}
	return query
}

// take notes the documents of the words that fit.
func (x *Index) take(r *room, fits []fit) {
	for _, f := range fits {
		r.note(x.postings[f.word], f.quality, f.whole)
	}
}

// note notes documents in which a word fits so well.
func (r *room) note(list []posting, quality uint16, whole bool) {
	var value [anyField + 1]uint16
	for fields := range value {
		value[fields] = worth[fields] * quality / 255 << bestBits
		if fields&inTitle != 0 {
			value[fields] |= bestTitle
		}
		if whole {
			value[fields] |= bestWhole
		}
	}
	for _, p := range list {
		d, v := p>>fieldBits, value[p&anyField]
		if v > r.best[d] {
			r.best[d] = v
		}
	}
}

// takeJoined takes a word and its neighbour as one: "black bird".
func (x *Index) takeJoined(r *room, query []wanted, i int) {
	for _, first := range [...]int{i - 1, i} {
		if first < 0 || first+1 >= len(query) || query[first].dense || query[first+1].dense {
			continue
		}
		if w, ok := x.numbers[query[first].text+query[first+1].text]; ok {
			r.note(x.postings[w], joined, true)
		}
	}
}

// takeSplit takes a word as two: "linkinpark".
func (x *Index) takeSplit(r *room, q wanted) {
	if q.dense || len(q.runes) < 4 {
		return
	}
	for at := range q.text {
		if at < 2 || len(q.text)-at < 2 || !utf8.RuneStart(q.text[at]) {
			continue
		}
		a, ok := x.numbers[q.text[:at]]
		if !ok {
			continue
		}
		if b, ok := x.numbers[q.text[at:]]; ok {
			r.posts = x.both(a, b, r.posts[:0])
			r.note(r.posts, joined, true)
		}
	}
}

// settle adds the word in hand to the sums.
func (r *room) settle() {
	for d, v := range r.best {
		if v == 0 {
			continue
		}
		r.best[d] = 0
		r.sum[d] += v >> bestBits
		r.met[d]++
		if v&bestTitle != 0 {
			r.titled[d]++
			r.whole[d] += uint8(v & bestWhole)
		}
	}
}

// pick returns the best documents, in which every word fits, or else nearly every one.
// It returns about most.
func (x *Index) pick(r *room, query []wanted, most int) []Match {
	words := len(query)
	for need := words; need >= words-slack(query); need-- {
		if matches := x.pickWith(r, words, need, most); len(matches) > 0 {
			return matches
		}
	}
	return nil
}

// slack is how many words of a query may fit nowhere. A wrong letter spoils two pairs.
func slack(query []wanted) int {
	pairs := 0
	for _, q := range query {
		if q.dense {
			pairs++
		}
	}
	switch words := len(query); {
	case words < 3:
		return 0
	case words < 6 && pairs < 4:
		return 1
	}
	return 2
}

// levels are the steps in which scores are compared at first.
const levels = 1024

func (x *Index) pickWith(r *room, words, need, most int) []Match {
	var counts [levels + 1]int
	for d, met := range r.met {
		if int(met) >= need && x.titles[d] != 0 {
			counts[x.level(r, d, words)]++
		}
	}
	lowest, n := levels, 0
	for ; lowest > 0 && n+counts[lowest] < most; lowest-- {
		n += counts[lowest]
	}
	matches := make([]Match, 0, min(most, n+counts[lowest]))
	left := most - n // of the lowest level
	for d, met := range r.met {
		if int(met) < need || x.titles[d] == 0 {
			continue
		}
		level := x.level(r, d, words)
		if level < lowest || level == lowest && left <= 0 {
			continue
		}
		if level == lowest {
			left--
		}
		matches = append(matches, Match{
			Doc: Doc(d), Score: x.score(r, d, words),
			Whole: int(r.whole[d]) == words && int(x.titles[d]) == words,
		})
	}
	return matches
}

func (x *Index) level(r *room, d, words int) int { return int(x.score(r, d, words) * levels) }

// score is how well document d fits, up to the 0.9 it can reach without a look at the names
// themselves: 0.7 for how well its words fit, 0.2 for how much of its title they are, of
// which parts of words are half as much.
func (x *Index) score(r *room, d, words int) float64 {
	covered := min(float64(r.titled[d]+r.whole[d])/float64(2*int(x.titles[d])), 1)
	return 0.7*float64(r.sum[d])/float64(255*words) + 0.2*covered*float64(r.titled[d])/float64(words)
}

// refine adds what only the names tell: whether the query is the name, or begins it.
func (m *Match) refine(query string, f Fields) {
	title := names.Fold(f.Title)
	switch {
	case title == query:
		m.Score += 0.1
		m.Whole = true
		return
	case solid(title) == solid(query):
		m.Score += 0.09
		m.Whole = true
		return
	case strings.HasPrefix(title, query):
		m.Score += 0.06
		return
	case strings.Contains(" "+title, " "+query):
		m.Score += 0.03
		return
	}
	artist := names.Fold(f.Artist)
	if artist == "" {
		return
	}
	if both := artist + " " + title; both == query || title+" "+artist == query {
		m.Score += 0.1
	} else if strings.HasPrefix(both, query) {
		m.Score += 0.05
	}
}

// solid is s without its spaces.
func solid(s string) string { return strings.ReplaceAll(s, " ", "") }
