package find_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"busker/sources/library/find"
	"busker/sources/names"
)

// shelf is an Index with the names of its documents.
type shelf struct {
	*find.Index
	fields []find.Fields
}

func stock(fields ...find.Fields) *shelf {
	s := &shelf{Index: find.New()}
	for _, f := range fields {
		s.add(f)
	}
	return s
}

func (s *shelf) add(f find.Fields) {
	s.fields = append(s.fields, f)
	s.Add(f)
}

func (s *shelf) search(text string, limit int) (titles []string) {
	for _, m := range s.Search(text, limit, func(d find.Doc) find.Fields { return s.fields[d] }) {
		titles = append(titles, s.fields[m.Doc].Title)
	}
	return titles
}

var music = []find.Fields{
	{Title: "Bohemian Rhapsody", Artist: "Queen", Album: "A Night at the Opera", Path: "Queen/Opera"},
	{Title: "Killer Queen", Artist: "Queen", Album: "Sheer Heart Attack", Path: "Queen/Sheer"},
	{Title: "Smells Like Teen Spirit", Artist: "Nirvana", Album: "Nevermind", Path: "Nirvana"},
	{Title: "Jóga", Artist: "Björk", Album: "Homogenic", Path: "Bjork/Homogenic"},
	{Title: "夜に駆ける", Artist: "YOASOBI", Album: "THE BOOK", Path: "yoasobi"},
	{Title: "バスロマンス", Artist: "チャットモンチー", Path: "chatmonchy"},
	{Title: "Über die Straße", Artist: "Die Ärzte", Path: "Aerzte"},
	{Title: "Blackbird", Artist: "The Beatles", Album: "White Album", Path: "Beatles"},
	{Title: "Numb", Artist: "Linkin Park", Album: "Meteora", Path: "Linkin Park/Meteora"},
	{Title: "Thunderstruck", Artist: "AC/DC", Album: "The Razors Edge", Path: "ACDC"},
	{Title: "Love", Artist: "Somebody", Path: "x"},
	{Title: "Love Me Do", Artist: "The Beatles", Path: "Beatles"},
	{Title: "All You Need Is Love", Artist: "The Beatles", Path: "Beatles"},
	{Title: "Lover", Artist: "Taylor", Path: "x"},
	{Title: "Щелкунчик", Artist: "Чайковский", Path: "classical"},
	{Title: "봄날", Artist: "방탄소년단", Path: "bts"},
	{Title: "Bonfire Heart", Artist: "James Blunt", Path: "james"},
	{Title: "Don't Stop Me Now", Artist: "Queen", Path: "Queen"},
	{Title: "Another", Artist: "Love Unlimited", Path: "x"},
	{Title: "Track", Artist: "x", Album: "Love Songs", Path: "x"},
	{Title: "Nocturne No. 2", Artist: "Chopin", Path: "classical"},
	{Title: "Nocturne No. 20", Artist: "Chopin", Path: "classical"},
	{Title: "Unknown 7", Artist: "", Path: "Weddings/Anna and Tom"},
}

// TestTypos holds what people type against what they mean.
func TestTypos(t *testing.T) {
	s := stock(music...)
	for _, tt := range []struct{ why, text, want string }{
		{"as it is", "Bohemian Rhapsody", "Bohemian Rhapsody"},
		{"a letter is missing", "bohemian rapsody", "Bohemian Rhapsody"},
		{"letters change places", "bohemain rhapsody", "Bohemian Rhapsody"},
		{"both, and a wrong letter", "bohimain rapsody", "Bohemian Rhapsody"},
		{"an extra letter", "smells like teeen spirit", "Smells Like Teen Spirit"},
		{"another order", "spirit teen smells", "Smells Like Teen Spirit"},
		{"artist and title", "queen bohemian", "Bohemian Rhapsody"},
		{"title and artist with errors", "rapsody quen", "Bohemian Rhapsody"},
		{"while typing", "bohem", "Bohemian Rhapsody"},
		{"while typing, with an error", "bohmian rh", "Bohemian Rhapsody"},
		{"the first letters", "sme", "Smells Like Teen Spirit"},
		{"accents", "joga bjork", "Jóga"},
		{"accents typed", "björk jóga", "Jóga"},
		{"case", "THUNDERSTRUCK", "Thunderstruck"},
		{"ß", "uber strasse", "Über die Straße"},
		{"ß typed", "straße", "Über die Straße"},
		{"no space", "linkinpark numb", "Numb"},
		{"a space too many", "black bird", "Blackbird"},
		{"punctuation", "ac dc", "Thunderstruck"},
		{"without it", "acdc", "Thunderstruck"},
		{"apostrophe", "dont stop me now", "Don't Stop Me Now"},
		{"typed apostrophe", "don’t stop", "Don't Stop Me Now"},
		{"a word that is in no name", "bohemian rhapsody remastered", "Bohemian Rhapsody"},
		{"the inside of a word", "onfire", "Bonfire Heart"},
		{"kanji", "夜に駆ける", "夜に駆ける"},
		{"part of it", "駆ける", "夜に駆ける"},
		{"one letter of it", "駆", "夜に駆ける"},
		{"the last letter", "る", "夜に駆ける"},
		{"a wrong one", "夜を駆ける", "夜に駆ける"},
		{"half-width kana", "ﾊﾞｽﾛﾏﾝｽ", "バスロマンス"},
		{"hiragana for katakana", "ばすろまんす", "バスロマンス"},
		{"kana artist", "ちゃっともんちー", "バスロマンス"},
		{"full-width latin", "ＹＯＡＳＯＢＩ", "夜に駆ける"},
		{"cyrillic with an error", "щелкунчк", "Щелкунчик"},
		{"hangul", "봄날", "봄날"},
		{"album", "nevermind", "Smells Like Teen Spirit"},
		{"folder", "weddings anna", "Unknown 7"},
		{"a number is itself", "nocturne 20", "Nocturne No. 20"},
		{"three letters", "nubm", "Numb"},
	} {
		if got := s.search(tt.text, 3); len(got) == 0 || got[0] != tt.want {
			t.Errorf("%s: %q finds %q, want %q", tt.why, tt.text, got, tt.want)
		}
	}
	for _, text := range []string{"zzzz", "qwertyuiop", "", "  ", "!!!", "nirvana abba", "xyz love", "犬"} {
		if got := s.search(text, 3); len(got) > 0 {
			t.Errorf("%q finds %q", text, got)
		}
	}
}

func TestOrder(t *testing.T) {
	s := stock(music...)
	for _, tt := range []struct {
		text string
		want []string
	}{
		// the title itself, then titles it begins, titles with it, an artist, an album
		{"love", []string{"Love", "Love Me Do", "Lover", "All You Need Is Love", "Another", "Track"}},
		{"queen", []string{"Killer Queen", "Bohemian Rhapsody", "Don't Stop Me Now"}},
		{"nocturne no 2", []string{"Nocturne No. 2", "Nocturne No. 20"}},
	} {
		if got := s.search(tt.text, 10); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestWhole(t *testing.T) {
	s := stock(find.Fields{Title: "Pink Floyd"}, find.Fields{Title: "Linkin Park"})
	for text, want := range map[string]bool{
		"pink floyd": true, "Floyd, Pink": true, "pink flyod": true, "linkinpark": true,
		"pink": false, "pink flo": false, "link": false,
	} {
		m := s.Search(text, 1, func(d find.Doc) find.Fields { return s.fields[d] })
		if len(m) != 1 || m[0].Whole != want {
			t.Errorf("%q: %+v", text, m)
		}
	}
}

func TestRemovedIsNotFound(t *testing.T) {
	s := stock(music...)
	s.Remove(0)
	s.Remove(0)
	s.Remove(find.Doc(len(music)))
	if got := s.search("bohemian rhapsody", 3); len(got) > 0 || s.Len() != len(music)-1 || s.Removed() != 1 {
		t.Errorf("%q, %d documents", got, s.Len())
	}
}

// TestEveryNameIsFoundByItself and first, or among those of the same name.
func TestEveryNameIsFoundByItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-c]{1,4}( [a-c]{1,4}){0,3}`), rapid.StringMatching(`[あ-ん]{1,4}`))
		s := stock()
		for range rapid.IntRange(1, 12).Draw(t, "documents") {
			s.add(find.Fields{Title: name.Draw(t, "title"), Artist: name.Draw(t, "artist")})
		}
		for _, f := range s.fields {
			folded := names.Fold(f.Title)
			if folded == "" || len(folded) > 200 {
				continue
			}
			got := s.search(f.Title, 1)
			if len(got) == 0 || names.Fold(got[0]) != folded {
				t.Fatalf("%q finds %q", f.Title, got)
			}
		}
	})
}

func FuzzSearch(f *testing.F) {
	for _, s := range []string{"bohemian rapsody", "夜に", "a b c d e f g h i j k l m n o p", "\xff\xfe", strings.Repeat("ab ", 300), strings.Repeat("に", 200)} {
		f.Add(s, s)
	}
	s := stock(music...)
	f.Fuzz(func(t *testing.T, title, text string) {
		s := stock(append(slices.Clone(s.fields), find.Fields{Title: title, Path: title})...)
		for _, m := range s.Search(text, 5, func(d find.Doc) find.Fields { return s.fields[d] }) {
			if m.Score <= 0 || m.Score > 1.0001 {
				t.Errorf("%q scores %v for %q", s.fields[m.Doc].Title, m.Score, text)
			}
		}
	})
}

// names of a hundred thousand tracks of some thousand artists.
func large(n int) []find.Fields {
	random := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("ba be bi bo bu ca ce co da de di do el en er fa fi fo ga ge gi go ha he hi ho in ja jo ka ke ki ko la le li lo ma me mi mo na ne ni no on or pa pe pi po ra re ri ro sa se si so ta te ti to un va ve vi vo wa we wi yo za zo")
	vocabulary := make([]string, 30_000)
	for i := range vocabulary {
		for range 2 + random.IntN(3) {
			vocabulary[i] += syllables[random.IntN(len(syllables))]
		}
	}
	words := func(least, more int) string {
		var w []string
		for range least + random.IntN(more) {
			f := random.Float64()
			w = append(w, vocabulary[int(f*f*f*float64(len(vocabulary)))]) // some words are everywhere
		}
		return strings.Join(w, " ")
	}
	fields := make([]find.Fields, 0, n)
	for len(fields) < n {
		artist := words(1, 2)
		for range 1 + random.IntN(5) {
			album := words(1, 3)
			for i := range min(12, n-len(fields)) {
				fields = append(fields, find.Fields{
					Title: words(1, 4), Artist: artist, Album: album, Path: fmt.Sprintf("%s/%s/%02d", artist, album, i),
				})
			}
		}
	}
	return fields
}

func BenchmarkSearch(b *testing.B) {
	s := stock(large(100_000)...)
	random := rand.New(rand.NewPCG(3, 4))
	b.Logf("%d words", s.Words())
	for _, words := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("%d words", words), func(b *testing.B) {
			for b.Loop() {
				text := ""
				for range words {
					f := s.fields[random.IntN(len(s.fields))]
					w := strings.Fields(f.Title)
					text += " " + typo(random, w[0])
				}
				s.search(text, 25)
			}
		})
	}
}

// typo changes one letter of a word.
func typo(random *rand.Rand, word string) string {
	at := random.IntN(len(word))
	return word[:at] + "x" + word[at+1:]
}
