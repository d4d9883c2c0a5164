package fault

import "strings"

// Term is an English word or phrase that stands as an argument in the Format of a
// fault (or of any text) and is translated on its own: the name of a permission,
// what a file is made of.
type Term string

// Terms is a list of them.
type Terms []Term

// String returns the list in English: "Connect, Speak".
func (t Terms) String() string {
	words := make([]string, len(t))
	for i, term := range t {
		words[i] = string(term)
	}
	return strings.Join(words, ", ")
}
