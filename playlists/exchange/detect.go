package exchange

import (
	"path"
	"strings"

	"busker/internal/fault"
)

var (
	errPage   = fault.New(fault.Unsupported, "That is a web page, not a playlist.")
	errStream = fault.New(fault.Unsupported, "That is a list of the pieces of a stream, not of tracks.")
)

// detect tells the format, by what the content says of itself, else by the name.
func detect(name, text string) (Format, error) {
	head := strings.ToLower(strings.TrimSpace(text[:min(len(text), sniffed)]))
	extension := strings.ToLower(path.Ext(name))
	switch {
	case strings.Contains(text, "\n#EXT-X-TARGETDURATION"), strings.Contains(text, "\n#EXT-X-STREAM-INF"):
		return "", errStream
	case strings.HasPrefix(head, "#extm3u"), strings.HasPrefix(head, "#extinf"):
		return M3U, nil
	case strings.HasPrefix(head, "[playlist]"):
		return PLS, nil
	case strings.HasPrefix(head, "<"):
		return markup(head)
	case extension == ".m3u", extension == ".m3u8":
		return M3U, nil
	case extension == ".csv", extension == ".tsv", hasHeader(text):
		return CSV, nil
	}
	return Text, nil
}

func markup(head string) (Format, error) {
	switch {
	case strings.HasPrefix(head, "<!doctype html"), strings.Contains(head, "<html"):
		return "", errPage
	case strings.Contains(head, "<playlist"):
		return XSPF, nil
	case strings.HasPrefix(head, "<?xml"), strings.HasPrefix(head, "<!"):
		return XSPF, nil // a long comment before the element; the parser will see
	}
	return Text, nil // a title such as "<3"
}

// sniffed is how much of a text is looked at: a header and a long comment.
const sniffed = 4096
