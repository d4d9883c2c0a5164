package bot

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"busker/playlists/exchange"
	"busker/track"
)

// lookUp finds the track an entry of a playlist file means: what is at its path, also when
// that is of another computer, or at its link, and else what has its artist and title in
// the library. There it is looked for first where a link comes with both: exporters link
// every track to the service it is from.
func (b *Bot) lookUp(ctx context.Context, e exchange.Entry) (track.Track, bool) {
	ways := []func(context.Context, exchange.Entry) (track.Track, bool){b.atPlace, b.inLibrary}
	if isLink(e.Text) && e.Title != "" && e.Artist != "" {
		slices.Reverse(ways)
	}
	for _, look := range ways {
		if t, ok := look(ctx, e); ok {
			return t, true
		}
	}
	return track.Track{}, false
}

func (b *Bot) atPlace(ctx context.Context, e exchange.Entry) (track.Track, bool) {
	for _, text := range whereabouts(e) {
		ctx, cancel := context.WithTimeout(ctx, b.opts.ResolveTimeout)
		found, err := b.opts.Resolver.Resolve(ctx, track.Query{Text: text, Name: e.Title})
		cancel()
		if err == nil && len(found.Tracks) == 1 && isThere(e, text, found.Tracks[0]) {
			return found.Tracks[0], true
		}
	}
	return track.Track{}, false
}

func (b *Bot) inLibrary(ctx context.Context, e exchange.Entry) (track.Track, bool) {
	if b.opts.Library == nil {
		return track.Track{}, false
	}
	const few = 5
	for _, text := range names(e) {
		hits, err := b.opts.Library.Search(ctx, text, few)
		if err != nil {
			return track.Track{}, false
		}
		for _, h := range hits {
			if h.Kind == track.One && means(e, h) {
				return h.Track, true
			}
		}
	}
	return track.Track{}, false
}

// isThere says whether a track is what lies at a link or path, and not what a source thinks
// was meant by a path it does not have.
func isThere(e exchange.Entry, text string, t track.Track) bool {
	return isLink(text) || strings.EqualFold(path.Base(text), path.Base(t.URI)) || means(e, track.Hit{Track: t})
}

// whereabouts are where an entry may be: its link, or its path and the ends of it, for the music folder
// is another one than on the computer that wrote the list.
func whereabouts(e exchange.Entry) []string {
	if isLink(e.Text) {
		return []string{e.Text}
	}
	name := strings.ReplaceAll(e.Text, `\`, "/")
	if !strings.Contains(name, "/") && !looksLikeFile(name) {
		return nil // an artist and a title
	}
	if plain, err := url.PathUnescape(name); err == nil && !strings.Contains(e.Text, " ") {
		name = plain
	}
	name = strings.TrimLeft(strings.TrimPrefix(name, "./"), "/")
	const deepest = 3 // artist, album, file
	all := []string{name}
	parts := strings.Split(name, "/")
	for n := min(deepest, len(parts)-1); n > 0; n-- {
		all = append(all, strings.Join(parts[len(parts)-n:], "/"))
	}
	return all
}

// looksLikeFile says whether a name ends as files of music do.
func looksLikeFile(name string) bool {
	at := strings.LastIndexByte(name, '.')
	extension := name[at+1:]
	return at > 0 && len(extension) >= 2 && len(extension) <= 5 && !strings.ContainsFunc(extension, func(r rune) bool { return !isWord(r) })
}

// names are texts to look for in the library.
func names(e exchange.Entry) []string {
	switch {
	case e.Title != "" && e.Artist != "":
		return []string{e.Artist + " " + e.Title, bare(e.Title)}
	case e.Title != "":
		return []string{e.Title, bare(e.Title)}
	case isLink(e.Text):
		return nil
	}
	file := strings.ReplaceAll(e.Text, `\`, "/")
	file = file[strings.LastIndexByte(file, '/')+1:]
	if looksLikeFile(file) {
		file = file[:strings.LastIndexByte(file, '.')]
	}
	return []string{file}
}

// means says whether a hit is what an entry means: the same title, whatever is in
// brackets, by the same artist or one of several, and about as long.
func means(e exchange.Entry, h track.Hit) bool {
	title, artist := bare(e.Title), bare(e.Artist)
	if title == "" {
		title = bare(names(e)[0])
	}
	hitTitle, hitArtist := bare(h.Track.Title), bare(h.Track.Artist)
	if title != hitTitle {
		return artist == "" && title == bare(h.Track.Artist+" "+h.Track.Title)
	}
	if artist != "" && hitArtist != "" && !strings.Contains(artist, hitArtist) && !strings.Contains(hitArtist, artist) {
		return false
	}
	const apart = 15 * time.Second // versions of one song differ by more
	return e.Length == 0 || h.Track.Length == 0 || (e.Length-h.Track.Length).Abs() < apart
}

// bare is a title or name in the form in which two of them are compared: without case,
// accents, punctuation, what is in brackets and what follows " - " ("Remastered 2011").
func bare(s string) string {
	if title, _, ok := strings.Cut(s, " - "); ok && title != "" {
		s = title
	}
	var b strings.Builder
	deep := 0
	for _, r := range norm.NFKD.String(cases.Fold().String(s)) {
		switch {
		case r == '(' || r == '[':
			deep++
		case r == ')' || r == ']':
			deep = max(0, deep-1)
		case deep > 0 || unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			b.WriteRune(r)
		case r != '\'' && r != '’':
			b.WriteByte(' ')
		}
	}
	if name := strings.Join(strings.Fields(b.String()), " "); name != "" {
		return name
	}
	return strings.ToLower(strings.TrimSpace(s)) // nothing but brackets or signs
}
