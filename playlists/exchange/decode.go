package exchange

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	utf "golang.org/x/text/encoding/unicode"

	"busker/internal/fault"
)

var errNoText = fault.New(fault.Unsupported, "That is not a playlist: it is not even text.")

// decode returns the text in content, whatever it is encoded in.
func decode(content []byte) (string, error) {
	text, err := encodingOf(content).NewDecoder().Bytes(content)
	if err != nil || !readable(text) {
		return "", errNoText
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

// encodingOf guesses. Playlists of the last century carry no mark: they are in
// Windows-1252, of which Latin-1 is a part, or come from a Japanese Windows.
func encodingOf(content []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")):
		return utf.UTF16(utf.LittleEndian, utf.ExpectBOM)
	case utf8.Valid(content):
		return encoding.Nop
	case japaneseText(content):
		return japanese.ShiftJIS
	}
	return charmap.Windows1252
}

// japaneseText says whether content is Shift JIS rather than a western encoding. Both
// read as the other more often than not, but no western text has the bytes of kana,
// and its accents stand alone between letters while kanji stand together.
func japaneseText(content []byte) bool {
	text, err := japanese.ShiftJIS.NewDecoder().Bytes(content)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return false
	}
	kana, narrow := 0, 0 // narrow katakana are what western capitals read as
	for _, r := range string(text) {
		switch {
		case r >= 0x3040 && r <= 0x30ff:
			kana++
		case r >= 0xff61 && r <= 0xff9f:
			narrow++
		}
	}
	high, together := 0, 0
	for i, b := range content {
		if b < 0x80 {
			continue
		}
		high++
		if i > 0 && content[i-1] >= 0x80 || i+1 < len(content) && content[i+1] >= 0x80 {
			together++
		}
	}
	return 8*kana > high || 3*together > 2*high && 3*narrow < high
}

// readable says whether text is text: a few stray controls are forgiven, binary
// files have more than that.
func readable(text []byte) bool {
	controls := 0
	for _, r := range string(text) {
		switch {
		case r == 0:
			return false
		case unicode.IsControl(r) && !unicode.IsSpace(r), r == utf8.RuneError:
			controls++
		}
	}
	return controls <= len(text)/100
}
