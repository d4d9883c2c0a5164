package mls_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// hexBytes is bytes that a vector file writes in hexadecimal.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// vectors reads a file of test vectors beside the repository. Where there is none, the
// test is skipped.
func vectors[T any](t testing.TB, name string) []T {
	t.Helper()
	path := filepath.Join(root(t), "..", "shared", "vectors", name)
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("no test vectors at %s", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var entries []T
	if err := json.Unmarshal(b, &entries); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return entries
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above this folder")
		}
	}
}
