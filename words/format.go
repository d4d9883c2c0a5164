package words

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"busker/internal/fault"
)

// text is one entry of the catalogue in one language: a form for every number, or
// the same for all.
type text [plurals]*format

// form returns the one the arguments call for.
func (t *text) form(l *language, args []any) *format {
	if t[one] == nil && t[many] == nil {
		return t[other]
	}
	for _, arg := range args {
		if n, negative, ok := integer(arg); ok {
			if negative {
				n = -n
			}
			if f := t[l.plural(n)]; f != nil {
				return f
			}
			break
		}
	}
	return t[other]
}

// format is a format for fmt, taken apart once.
type format struct {
	parts []part
}

// part is some literal text and the verb that follows it.
type part struct {
	literal string
	verb    byte   // 0: none follows
	flags   string // between % and the verb, without the argument's number
	arg     int    // which argument, from 0
}

// verbs are those a text may have: of words, numbers, quoted words, and codes.
const verbs = "sdvqfxX"

// parse takes a format apart. A % that begins no verb is one to be read.
func parse(s string) *format {
	f := &format{}
	var literal strings.Builder
	next := 0
	for s != "" {
		at := strings.IndexByte(s, '%')
		if at < 0 {
			break
		}
		literal.WriteString(s[:at])
		p, n := verb(s[at:], next)
		s = s[at+n:]
		if p.verb == 0 {
			literal.WriteByte('%')
			continue
		}
		p.literal, next = literal.String(), p.arg+1
		literal.Reset()
		f.parts = append(f.parts, p)
	}
	literal.WriteString(s)
	f.parts = append(f.parts, part{literal: literal.String()})
	return f
}

// verb reads the verb s begins with and returns how many bytes it has: %s, %[2]d,
// %.1f, %02d.
func verb(s string, arg int) (p part, n int) {
	if strings.HasPrefix(s, "%%") {
		return part{}, 2
	}
	rest := s[1:]
	flags := rest[:len(rest)-len(strings.TrimLeft(rest, "+#0123456789."))]
	rest = rest[len(flags):]
	if strings.HasPrefix(rest, "[") {
		number, after, _ := strings.Cut(rest[1:], "]")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return part{}, 1
		}
		arg, rest = n-1, after
	}
	if rest == "" || strings.IndexByte(verbs, rest[0]) < 0 {
		return part{}, 1
	}
	return part{verb: rest[0], flags: flags, arg: arg}, len(s) - len(rest) + 1
}

// say puts the arguments in; false if one is missing or not what its verb takes.
func (f *format) say(w *Words, args []any) (string, bool) {
	if len(f.parts) == 1 {
		return f.parts[0].literal, true
	}
	var room [256]byte
	b := room[:0]
	for _, p := range f.parts {
		b = append(b, p.literal...)
		if p.verb == 0 {
			continue
		}
		if p.arg >= len(args) {
			return "", false
		}
		var ok bool
		if b, ok = p.put(b, w, args[p.arg]); !ok {
			return "", false
		}
	}
	return string(b), true
}

// sayAnyhow puts the arguments in, whatever their verbs.
func (f *format) sayAnyhow(w *Words, args []any) string {
	var b strings.Builder
	for _, p := range f.parts {
		b.WriteString(p.literal)
		switch {
		case p.verb == 0:
		case p.arg < len(args):
			b.WriteString(plain(w, args[p.arg]))
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

// put appends one argument.
func (p *part) put(b []byte, w *Words, arg any) ([]byte, bool) {
	if p.flags == "" {
		switch p.verb {
		case 'd':
			if n, negative, ok := integer(arg); ok {
				return w.language.number(b, n, negative), true
			}
		case 's', 'v':
			if s, ok := word(w, arg); ok {
				return append(b, s...), true
			}
		}
	}
	said := fmt.Sprintf("%"+p.flags+string(rune(p.verb)), arg)
	if strings.Contains(said, "%!") {
		return b, false
	}
	if p.verb == 'f' {
		said = strings.Replace(said, ".", w.language.decimal, 1)
	}
	return append(b, said...), true
}

// plain writes an argument that does not fit its verb.
func plain(w *Words, arg any) string {
	if s, ok := word(w, arg); ok {
		return s
	}
	said := fmt.Sprint(arg)
	if strings.Contains(said, "%!") { // it panicked
		return "?"
	}
	return said
}

// word returns what is words already, or can be translated.
func word(w *Words, arg any) (string, bool) {
	switch arg := arg.(type) {
	case string:
		return arg, true
	case fault.Term:
		return w.Say(string(arg)), true
	case fault.Terms:
		list := make([]string, len(arg))
		for i, term := range arg {
			list[i] = w.Say(string(term))
		}
		return strings.Join(list, w.Say(", ")), true
	case error:
		if arg != nil {
			return w.Fault(arg)
		}
	}
	return "", false
}

// integer returns the magnitude of a whole number that is just that: not one with a
// String of its own, such as an id or a duration. A negative one's magnitude is -n.
func integer(arg any) (n uint64, negative, ok bool) {
	switch arg := arg.(type) {
	case int:
		return uint64(arg), arg < 0, true
	case fmt.Stringer, error:
		return 0, false, false
	}
	switch v := reflect.ValueOf(arg); {
	case v.CanInt():
		return uint64(v.Int()), v.Int() < 0, true
	case v.CanUint():
		return v.Uint(), false, true
	}
	return 0, false, false
}

// number appends a whole number with its thousands set apart.
func (l *language) number(b []byte, n uint64, negative bool) []byte {
	if negative {
		b, n = append(b, '-'), -n
	}
	var room [20]byte
	digits := strconv.AppendUint(room[:0], n, 10)
	for i, d := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 && len(digits) >= l.grouped {
			b = append(b, l.group...)
		}
		b = append(b, d)
	}
	return b
}
