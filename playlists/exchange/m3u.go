package exchange

import (
	"fmt"
	"strings"
)

// m3u is what the lines of a file said so far.
type m3u struct {
	next          Entry // of the next location
	album, artist string
	told          bool // artist was said, even if it is that there is none
}

// readM3U reads lines of locations and, before each, what is said of it.
func readM3U(text string, c *collector) error {
	var m m3u
	for line := range lines(text) {
		if strings.HasPrefix(line, "#") {
			m.directive(line, c)
			continue
		}
		e := m.next
		e.Text = fromFile(line)
		e.Album = m.album
		c.add(e)
		m.next = Entry{}
	}
	return nil
}

// directive reads a line such as #EXTALB:Kind of Blue. Others are comments.
func (m *m3u) directive(line string, c *collector) {
	name, value, _ := strings.Cut(line, ":")
	value = clean(value)
	switch strings.ToUpper(name) {
	case "#PLAYLIST", "#EXTPLAYLIST":
		c.title(value)
	case "#EXTALB":
		m.album = value
	case "#EXTART":
		m.artist, m.told = value, true
	case "#EXTINF":
		m.info(value)
	}
}

// info reads "123,Artist - Title", in which attributes may follow the seconds:
// `-1 tvg-id="a,b" group="x",Title`.
func (m *m3u) info(value string) {
	seconds, name := value, ""
	quoted := false
	for i, r := range value {
		if r == '"' {
			quoted = !quoted
		}
		if r == ',' && !quoted {
			seconds, name = value[:i], value[i+1:]
			break
		}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(seconds), " ")
	m.next.Length = inSeconds(first)
	m.next.Artist, m.next.Title = m.who(strings.TrimSpace(name))
}

func (m *m3u) who(name string) (artist, title string) {
	if !m.told {
		return split(name)
	}
	if rest, ok := strings.CutPrefix(name, m.artist+" - "); ok && m.artist != "" {
		return m.artist, strings.TrimSpace(rest)
	}
	if artist, title := split(name); m.artist != "" && artist != "" {
		return artist, title // the album's artist is another than the track's
	}
	return m.artist, name
}

func writeM3U(b *strings.Builder, l List) {
	b.WriteString("#EXTM3U\n")
	if l.Title != "" {
		fmt.Fprintf(b, "#PLAYLIST:%s\n", l.Title)
	}
	album, artist := "", "\n" // nothing that an entry can have
	for _, e := range l.Entries {
		if e.Album != album {
			fmt.Fprintf(b, "#EXTALB:%s\n", e.Album)
		}
		if e.Artist != artist {
			fmt.Fprintf(b, "#EXTART:%s\n", e.Artist)
		}
		album, artist = e.Album, e.Artist
		if e.Title != "" || e.Length > 0 {
			fmt.Fprintf(b, "#EXTINF:%s,%s\n", seconds(e.Length), joined(e.Artist, e.Title))
		}
		if strings.HasPrefix(e.Text, "#") {
			b.WriteString("./")
		}
		b.WriteString(e.Text + "\n")
	}
}
