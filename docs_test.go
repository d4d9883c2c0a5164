package busker_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// failureModes is the number of rows of the table in docs/voice.md.
const failureModes = 25

var (
	quotedTest = regexp.MustCompile("`([^`\\s]*(?:Test|Fuzz)[A-Z][^`\\s]*)`")
	modeRow    = regexp.MustCompile(`^\| (\d+) \|`)
	claim      = regexp.MustCompile(`^(\| [^-#]|- \[)`) // a row but for heads and rules, a ticked line
)

// TestVoiceDocs holds docs/voice.md to its word: every claim names tests, every test it
// names exists, and no failure mode is left out.
func TestVoiceDocs(t *testing.T) {
	text, err := os.ReadFile("docs/voice.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOf(t, ".")
	modes := 0
	for _, c := range claims(string(text)) {
		named := quotedTest.FindAllStringSubmatch(c, -1)
		if len(named) == 0 && !strings.Contains(c, "proved by") {
			t.Errorf("no test is named: %s", c)
		}
		for _, n := range named {
			if !tests[n[1]] {
				t.Errorf("there is no %s", n[1])
			}
		}
		if row := modeRow.FindStringSubmatch(c); row != nil {
			if modes++; row[1] != strconv.Itoa(modes) {
				t.Errorf("failure mode %s follows %d", row[1], modes-1)
			}
		}
	}
	if modes != failureModes {
		t.Errorf("%d failure modes, want %d", modes, failureModes)
	}
}

// claims are the rows and ticked lines of a document, with the lines that go on with
// them, and what else names a test.
func claims(text string) (list []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "  ") && len(list) > 0:
			list[len(list)-1] += line
		case claim.MatchString(line), quotedTest.MatchString(line):
			list = append(list, line)
		}
	}
	return list
}

// testsOf returns the tests and fuzz targets below a directory, as package.TestName; the
// package is that of the code they test.
func testsOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				found[strings.TrimSuffix(file.Name.Name, "_test")+"."+f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
