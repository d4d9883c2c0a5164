package exchange

import (
	"strconv"
	"strings"
)

// readText reads one entry a line: a link, a path, or an artist and a title.
func readText(text string, c *collector) error {
	strip := numbered(text)
	for line := range lines(text) {
		if strip {
			_, line, _ = strings.Cut(line, " ")
		}
		e := Entry{Text: fromFile(clean(line))}
		if !isLink(e.Text) && !strings.Contains(e.Text, "/") {
			e.Artist, e.Title = split(e.Text)
		}
		c.add(e)
	}
	return nil
}

// numbered says whether the lines are numbered "1. ", "2. " and so on, as lists that
// people paste are. A single line is not.
func numbered(text string) bool {
	n := 0
	for line := range lines(text) {
		n++
		first, rest, _ := strings.Cut(line, " ")
		number := strings.TrimRight(first, ".)")
		if number == first || number != strconv.Itoa(n) || rest == "" {
			return false
		}
	}
	return n > 1
}

func writeText(b *strings.Builder, l List) {
	for _, e := range l.Entries {
		b.WriteString(e.Text + "\n")
	}
}
