package bot_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"busker/bot"
)

// featureRow is a row of docs/features.md: what people use, what it does, the tests that
// drive it.
var featureRow = regexp.MustCompile("^\\| `([^`]+)` \\| .* \\| (.*) \\|$")

var quotedTest = regexp.MustCompile("`(Test\\w+)`")

// TestFeatures holds docs/features.md to its word: every command, entry of a menu, button
// and form has a row, and the tests a row names are there and speak of it.
func TestFeatures(t *testing.T) {
	text, err := os.ReadFile("../docs/features.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, want := testSources(t), bot.Features()
	for line := range strings.Lines(string(text)) {
		row := featureRow.FindStringSubmatch(strings.TrimSpace(line))
		if row == nil {
			continue
		}
		at := slices.IndexFunc(want, func(f bot.Feature) bool { return f.Name == row[1] })
		if at < 0 {
			t.Errorf("%s is none, or stands there twice", row[1])
			continue
		}
		named := quotedTest.FindAllStringSubmatch(row[2], -1)
		if len(named) == 0 {
			t.Errorf("%s has no test", row[1])
		}
		for _, n := range named {
			if source, there := tests[n[1]]; !there || !strings.Contains(source, want[at].Told) {
				t.Errorf("%s of %s: there is no such test, or it says nothing of %q", n[1], row[1], want[at].Told)
			}
		}
		want = slices.Delete(want, at, at+1)
	}
	for _, f := range want {
		t.Errorf("%s has no row", f.Name)
	}
}

// testSources are the files in which tests stand, by the tests' names.
func testSources(t *testing.T) map[string]string {
	t.Helper()
	sources := map[string]string{}
	for _, dir := range []string{".", "../cmd/busker/internal/app", "../cmd/busker/internal/demo"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				sources[found[1]] = string(text)
			}
		}
	}
	return sources
}
