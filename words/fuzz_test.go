package words_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"busker/words"
)

// FuzzSay: whatever the text and the arguments, something is said, and it never looks
// like a mistake of fmt.
func FuzzSay(f *testing.F) {
	for _, key := range []string{"%s", "%d tracks", "%[2]s %[1]d", "%%", "%", "%[", "%[99999999999999999999]d", "%.1f %q %x", "a##b", "%!d(", "%+-#08.3s"} {
		f.Add(key, "a", 7, 1.5)
	}
	f.Fuzz(func(t *testing.T, key, s string, n int, x float64) {
		if strings.Contains(key, "%!") || strings.Contains(s, "%!") {
			return
		}
		for _, l := range words.Languages() {
			w := words.For(l.Tag)
			for _, args := range [][]any{nil, {s}, {n, s}, {s, n, x}, {nil, []int{n}, struct{}{}}} {
				if said := w.Say(key, args...); strings.Contains(said, "%!") {
					t.Errorf("%s: %q with %v: %q", l.Tag, key, args, said)
				}
			}
		}
		words.LocalCommands(key, "de")
	})
}

// TestSayIsFmt: where numbers need no setting apart, English is what fmt makes of it.
func TestSayIsFmt(t *testing.T) {
	part := rapid.SampledFrom([]string{"a", " ", "%%", "é", "/", "%s", "%d", "%v", "%q", "%02d", "%x", "%.1f"})
	rapid.Check(t, func(t *rapid.T) {
		var key strings.Builder
		var args []any
		for _, p := range rapid.SliceOfN(part, 0, 12).Draw(t, "parts") {
			switch {
			case strings.HasSuffix(p, "d") || p == "%x":
				args = append(args, rapid.IntRange(-999, 999).Draw(t, "n"))
			case p == "%.1f":
				args = append(args, rapid.Float64Range(-10, 10).Draw(t, "x"))
			case p[0] == '%' && p != "%%":
				args = append(args, rapid.StringMatching("[a-z]*").Draw(t, "s"))
			}
			key.WriteString(p)
		}
		if got, want := words.For("en").Say(key.String(), args...), fmt.Sprintf(key.String(), args...); got != want {
			t.Fatalf("%q: %q, fmt says %q", key.String(), got, want)
		}
	})
}
