package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"busker/cmd/busker/internal/config"
)

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	odd := filepath.Join(dir, "one, two:three")
	if err := os.Mkdir(odd, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		env  string
		want []string
	}{
		{"none", nil, "", nil},
		{"one", []string{"--dir=/a"}, "", []string{"/a"}},
		{"twice", []string{"--dir=/a", "--dir", "/b"}, "", []string{"/a", "/b"}},
		{"commas", []string{"--dir=/a, /b,"}, "", []string{"/a", "/b"}},
		{"environment", nil, "/a:/b", []string{"/a", "/b"}},
		{"flags before environment", []string{"--dir=/c"}, "/a:/b", []string{"/c"}},
		{"a folder of that name", []string{"--dir", odd}, "", []string{odd}},
		{"a folder of that name in the environment", nil, odd, []string{odd}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.env != "" {
				t.Setenv("TEST_DIR", tt.env)
			}
			var c struct {
				Dir config.Folders `env:"TEST_DIR"`
			}
			parser, err := kong.New(&c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(tt.args); err != nil || !slices.Equal(c.Dir, tt.want) {
				t.Errorf("%q, %v; want %q", c.Dir, err, tt.want)
			}
			if c.Dir.String() != strings.Join(tt.want, ",") || strings.Join(append([]string{c.Dir.First()}, c.Dir.Others()...), ",") != c.Dir.String() {
				t.Errorf("%s begins with %s", c.Dir, c.Dir.First())
			}
		})
	}
}
