package exchange

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"busker/internal/fault"
)

// readCSV reads a table, whose first row may name its columns. Where quotation marks
// are not as they should be, each line is read for itself, so that one slip does not
// swallow the rest.
func readCSV(text string, c *collector) error {
	text, comma := delimiter(text)
	careful := *c
	t := table{into: &careful}
	if t.read(text, comma) == nil {
		*c = careful
		return nil
	}
	t = table{into: c}
	for line := range lines(text) {
		switch {
		case len(line) > maxRow:
			return fault.New(fault.Corrupt, "That table cannot be read.")
		case t.read(line, comma) != nil:
			t.row(strings.Split(strings.ReplaceAll(line, `"`, ""), string(comma)))
		}
	}
	return nil
}

// table reads rows into a collector.
type table struct {
	into   *collector
	layout []column // of what the first row named; nil when it named nothing
	begun  bool
}

func (t *table) read(text string, comma rune) error {
	from := &bounded{Reader: strings.NewReader(text)}
	r := csv.NewReader(from)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma, -1, true
	for {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		from.most = r.InputOffset() + maxRow
		t.row(row)
	}
}

func (t *table) row(row []string) {
	if !t.begun {
		t.begun = true
		if t.layout = header(row); t.layout != nil {
			return
		}
	}
	t.into.row(row, t.layout)
}

// maxRow is the longest row in bytes. A row of millions of empty cells takes many
// times its length in memory.
const maxRow = 64 << 10

// bounded fails when it is read further than most.
type bounded struct {
	io.Reader
	read, most int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.read > max(b.most, maxRow) {
		return 0, errors.New("a row is too long")
	}
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	return n, err
}

// delimiter tells what separates the cells, and takes off the line with which Excel
// says so itself.
func delimiter(text string) (string, rune) {
	line, rest, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	if named, ok := strings.CutPrefix(strings.TrimSpace(line), "sep="); ok && len(named) == 1 && strings.Contains(",;\t|", named) {
		return rest, rune(named[0])
	}
	best, most := ',', strings.Count(line, ",")
	for _, r := range ";\t" {
		if n := strings.Count(line, string(r)); n > most {
			best, most = r, n
		}
	}
	return text, best
}

func (c *collector) row(row []string, layout []column) {
	if layout == nil {
		layout = guess(row)
	}
	var e Entry
	for i, cell := range row {
		if i < len(layout) {
			c.cell(&e, layout[i], unguarded(oneLine(cell)))
		}
	}
	if e.Title == "" && e.Text == "" {
		return // an artist or album alone names no track
	}
	c.add(e)
}

// cell takes the first of several columns that hold the same.
func (c *collector) cell(e *Entry, of column, s string) {
	put := func(field *string) {
		if *field == "" {
			*field = s
		}
	}
	switch of {
	case columnTitle:
		put(&e.Title)
	case columnArtist:
		put(&e.Artist)
	case columnAlbum:
		put(&e.Album)
	case columnLink:
		if !strings.HasPrefix(s, "spotify:") { // its artist and title say more
			put(&e.Text)
			e.Text = fromFile(e.Text)
		}
	case columnList:
		c.title(s)
	case columnTime:
		e.Length = clock(s)
	case columnMillis:
		e.Length = inMillis(s)
	}
}

// written is the header of the tables that Busker writes; readCSV knows its names.
var written = []string{"Title", "Artist", "Album", "Duration (ms)", "Location"}

func writeCSV(b *strings.Builder, l List) {
	w := csv.NewWriter(b)
	rows := append(make([][]string, 0, 1+len(l.Entries)), written)
	for _, e := range l.Entries {
		row := []string{guarded(e.Title), guarded(e.Artist), guarded(e.Album), "", ""}
		if e.Length > 0 {
			row[3] = strconv.FormatInt(e.Length.Milliseconds(), 10)
		}
		if e.Title == "" || e.Text != joined(e.Artist, e.Title) {
			row[4] = guarded(e.Text)
		}
		rows = append(rows, row)
	}
	if err := w.WriteAll(rows); err != nil {
		panic("exchange: a strings.Builder does not fail: " + err.Error())
	}
}

// formulas are the characters with which a cell is no text for spreadsheets, but a
// program that they run.
const formulas = "=+-@'"

// guarded keeps spreadsheets from running what a track is called.
func guarded(s string) string {
	if s != "" && strings.Contains(formulas, s[:1]) {
		return "'" + s
	}
	return s
}

// unguarded takes back what guarded did.
func unguarded(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && rest != "" && strings.Contains(formulas, rest[:1]) {
		return rest
	}
	return s
}
