package exchange

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"busker/internal/fault"
)

// namespace is that of XSPF version 1 (xspf.org/spec).
const namespace = "http://xspf.org/ns/0/"

// xspfTrack is a track element. Lengths are in milliseconds.
type xspfTrack struct {
	XMLName   xml.Name `xml:"track"`
	Locations []string `xml:"location,omitempty"`
	Title     string   `xml:"title,omitempty"`
	Creator   string   `xml:"creator,omitempty"`
	Album     string   `xml:"album,omitempty"`
	Duration  string   `xml:"duration,omitempty"`
}

// readXSPF reads track after track, so that a huge file costs no more than its entries.
func readXSPF(text string, c *collector) error {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // decoded already
	inside := false
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && inside:
			return nil
		case errors.Is(err, io.EOF):
			return fault.New(fault.Unsupported, "That is an XML file, but not a playlist.")
		case err != nil:
			return corruptXML(err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		inside = inside || element.Name.Local == "playlist"
		if err := xspfElement(d, element, c); err != nil {
			return corruptXML(err)
		}
	}
}

func xspfElement(d *xml.Decoder, element xml.StartElement, c *collector) error {
	switch element.Name.Local {
	case "playlist", "trackList":
		return nil
	case "title":
		var title string
		err := d.DecodeElement(&title, &element)
		c.title(title)
		return err
	case "track":
		var t xspfTrack
		err := d.DecodeElement(&t, &element)
		c.add(t.entry())
		return err
	}
	return d.Skip()
}

func corruptXML(err error) error {
	return fault.Wrap(fault.Corrupt, "That playlist is broken XML.", err)
}

func (t xspfTrack) entry() Entry {
	e := Entry{Title: t.Title, Artist: t.Creator, Album: t.Album, Length: inMillis(t.Duration)}
	if len(t.Locations) > 0 {
		e.Text = fromURI(clean(t.Locations[0]))
	}
	return e
}

// xspf is the whole document, for writing.
type xspf struct {
	XMLName xml.Name    `xml:"playlist"`
	Version int         `xml:"version,attr"`
	Space   string      `xml:"xmlns,attr"`
	Title   string      `xml:"title,omitempty"`
	Tracks  []xspfTrack `xml:"trackList>track"`
}

func writeXSPF(b *strings.Builder, l List) {
	doc := xspf{Version: 1, Space: namespace, Title: l.Title}
	for _, e := range l.Entries {
		t := xspfTrack{Title: e.Title, Creator: e.Artist, Album: e.Album}
		if e.Text != joined(e.Artist, e.Title) {
			t.Locations = []string{toURI(e.Text)}
		}
		if e.Length > 0 {
			t.Duration = strconv.FormatInt(e.Length.Milliseconds(), 10)
		}
		doc.Tracks = append(doc.Tracks, t)
	}
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(b)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		panic("exchange: strings do not fail to encode: " + err.Error())
	}
	b.WriteString("\n")
}
