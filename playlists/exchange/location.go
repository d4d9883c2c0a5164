package exchange

import (
	"iter"
	"net/url"
	"strings"
)

// lines gives the lines of a text that are not blank, whatever ends them.
func lines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if line = strings.TrimSpace(line); line != "" && !yield(line) {
				return
			}
		}
	}
}

// fromFile is a location in a file of plain paths and links, where only file: is
// escaped.
func fromFile(s string) string {
	if len(s) > 5 && strings.EqualFold(s[:5], "file:") {
		return fromURI(s)
	}
	return s
}

// fromURI is a location in a file of URIs: a link as it is, a path unescaped.
func fromURI(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil, isLink(s):
		return s
	case strings.EqualFold(u.Scheme, "file"):
		return withoutDriveSlash(u.Path)
	case u.Scheme != "" || u.Host != "":
		return s
	}
	if path, err := url.PathUnescape(s); err == nil {
		return path
	}
	return s
}

// withoutDriveSlash makes C:/a of /C:/a.
func withoutDriveSlash(path string) string {
	if len(path) > 2 && path[0] == '/' && path[2] == ':' {
		return path[1:]
	}
	return path
}

// toURI is what fromURI reads.
func toURI(s string) string {
	if isLink(s) {
		return s
	}
	if strings.HasPrefix(s, "/") {
		return (&url.URL{Scheme: "file", Path: s}).String()
	}
	return "./" + strings.ReplaceAll(url.PathEscape(s), "%2F", "/")
}
