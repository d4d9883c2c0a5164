package discord

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// MarshalJSON writes the tree.
func (f *Form) MarshalJSON() ([]byte, error) {
	root := map[string]any{}
	for _, e := range f.faults {
		at := root
		for _, name := range e.path {
			next, ok := at[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[name] = next
			}
			at = next
		}
		list, _ := at["_errors"].([]map[string]string)
		at["_errors"] = append(list, map[string]string{"code": e.code, "message": e.message})
	}
	return json.Marshal(root)
}

// length refuses a text whose length in characters is outside least..most.
func (f *Form) length(path Path, text string, least, most int) {
	n := utf8.RuneCountInString(text)
	switch {
	case n == 0 && least > 0:
		f.Add(path, "BASE_TYPE_REQUIRED", "This field is required")
	case n > most && least == 0:
		f.Add(path, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", most))
	case n < least || n > most:
		f.Add(path, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", least, most))
	}
}

// count refuses a list whose length is outside least..most.
func (f *Form) count(path Path, n, least, most int) {
	if n < least || n > most {
		f.Add(path, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", least, most))
	}
}

// oneOf refuses a number that is not among the choices.
func oneOf[T ~int](f *Form, path Path, n T, choices ...T) bool {
	for _, c := range choices {
		if n == c {
			return true
		}
	}
	list := make([]string, len(choices))
	for i, c := range choices {
		list[i] = fmt.Sprint(int(c))
	}
	f.Add(path, "BASE_TYPE_CHOICES", "Value must be one of {"+strings.Join(list, ", ")+"}.")
	return false
}

// link refuses an address that is neither http(s) nor, where files are allowed,
// attachment://.
func (f *Form) link(path Path, address string, schemes ...string) {
	u, err := url.Parse(address)
	if err == nil && u.Host != "" {
		for _, s := range schemes {
			if u.Scheme == s {
				return
			}
		}
	}
	f.Add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
}
