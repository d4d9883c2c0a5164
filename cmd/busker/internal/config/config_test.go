package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"busker/cmd/busker/internal/config"
)

func TestEverySettingIsExplained(t *testing.T) {
	flags, err := config.Settings()
	if err != nil || len(flags) < 10 {
		t.Fatalf("%d settings, %v", len(flags), err)
	}
	for _, f := range flags {
		if !strings.HasSuffix(f.Help, ".") || len(f.Envs) == 0 {
			t.Errorf("--%s: help %q, environment %v", f.Name, f.Help, f.Envs)
		}
		section, key := config.Split(f.Name)
		if section == "" {
			section = key // the key itself stands where sections do
		}
		if section != f.Group.Key || key == "" {
			t.Errorf("--%s is not in the section its name says (%s)", f.Name, f.Group.Key)
		}
	}
}

func FuzzFile(f *testing.F) {
	names, err := config.Names()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "voice:\n  lookahead: 1s\n", "a: {b: [c]}", "log:\n\tlevel: x", "? x\n: y", "- a\n- b", "voice: &a {lookahead: *a}", "log: {<<: {level: debug}}", "--- \n---\nlog:"} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), "busker.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Open(path, names); err != nil && !strings.HasPrefix(err.Error(), path+":") {
			t.Errorf("the complaint names no place: %v", err)
		}
	})
}
