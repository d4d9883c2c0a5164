package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"busker/internal/fault"
)

// sentence begins with a capital letter and has no full stop.
func sentence(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), ".")
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

// plain is what may be said of an error: without the address of a request, which is long
// and no news.
func plain(err error) string {
	if message, ok := fault.Message(err); ok {
		return strings.TrimRight(message, ".")
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}

// bytes as people read them.
func size(n int64) string {
	const unit = 1024
	value, names := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; value >= unit && i < len(names)-1; i++ {
		value /= unit
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, names[i])
}

// Print writes findings for people: one line each, and what to do below.
func Print(w io.Writer, all []Finding) error {
	var b strings.Builder
	counts := map[State]int{}
	last := ""
	for _, f := range all {
		counts[f.State]++
		name := f.Check
		if name == last {
			name = ""
		}
		last = f.Check
		fmt.Fprintf(&b, "%-12s %-8s %s\n", name, f.State, f.Says)
		if f.Do != "" {
			fmt.Fprintf(&b, "%-12s %-8s → %s\n", "", "", f.Do)
		}
	}
	fmt.Fprintf(&b, "\n%s, %s.\n", plural(counts[Problem], "problem"), plural(counts[Warning], "warning"))
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// PrintJSON writes findings for programs.
func PrintJSON(w io.Writer, all []Finding) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Worst    State     `json:"worst"`
		Findings []Finding `json:"findings"`
	}{Worst(all), all})
}
