package exchange

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// readPLS reads File1=, Title1= and Length1= of an INI file, in the order of their
// numbers.
func readPLS(text string, c *collector) error {
	entries := map[int]*Entry{}
	for line := range lines(text) {
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), oneLine(value)
		if name == "x-gnome-title" {
			c.title(value)
			continue
		}
		if !plsField(entries, name, value) {
			c.list.Cut++
		}
	}
	numbers := make([]int, 0, len(entries))
	for n := range entries {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if entries[n].Text != "" { // a title alone is a leftover
			c.add(*entries[n])
		}
	}
	return nil
}

// plsField puts a value where its name says. It is false when there are too many.
func plsField(entries map[int]*Entry, name, value string) bool {
	field := strings.TrimRight(name, "0123456789")
	n, err := strconv.Atoi(name[len(field):])
	if err != nil || field != "file" && field != "title" && field != "length" {
		return true
	}
	if entries[n] == nil {
		if len(entries) >= MaxEntries {
			return false
		}
		entries[n] = new(Entry)
	}
	switch field {
	case "file":
		entries[n].Text = fromFile(value)
	case "title":
		entries[n].Artist, entries[n].Title = split(clean(value))
	case "length":
		entries[n].Length = inSeconds(value)
	}
	return true
}

func writePLS(b *strings.Builder, l List) {
	b.WriteString("[playlist]\n")
	if l.Title != "" {
		fmt.Fprintf(b, "X-GNOME-Title=%s\n", l.Title)
	}
	for i, e := range l.Entries {
		fmt.Fprintf(b, "File%d=%s\n", i+1, e.Text)
		if e.Title != "" {
			fmt.Fprintf(b, "Title%d=%s\n", i+1, joined(e.Artist, e.Title))
		}
		fmt.Fprintf(b, "Length%d=%s\n", i+1, seconds(e.Length))
	}
	fmt.Fprintf(b, "NumberOfEntries=%d\nVersion=2\n", len(l.Entries))
}
