package config

import (
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// Folders are paths of folders, the first of them the one that counts most.
type Folders []string

// Decode implements kong.MapperValue: text is the path of one folder, or of several with
// commas or colons in between. What is the path of a folder as it stands is one.
func (f *Folders) Decode(ctx *kong.DecodeContext) error {
	token, err := ctx.Scan.PopValue("folder")
	if err != nil {
		return err
	}
	for _, part := range split(token.String()) {
		*f = append(*f, kong.ExpandPath(part))
	}
	return nil
}

func split(text string) (parts []string) {
	if info, err := os.Stat(kong.ExpandPath(text)); err == nil && info.IsDir() {
		return []string{text}
	}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == os.PathListSeparator }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// String is f as it may be written again.
func (f Folders) String() string { return strings.Join(f, ",") }

// First is the first folder, "" if there is none.
func (f Folders) First() string {
	if len(f) == 0 {
		return ""
	}
	return f[0]
}

// Others are all but the first.
func (f Folders) Others() []string {
	if len(f) == 0 {
		return nil
	}
	return f[1:]
}
