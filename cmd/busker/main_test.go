package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busker/cmd/busker/internal/config"
)

var update = flag.Bool("update", false, "write docs/config.example.yaml anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"busker": main})
}

func TestScripts(t *testing.T) {
	music, err := filepath.Abs("internal/album/music")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("MUSIC", music)
			return nil
		},
	})
}

func TestExampleInDocs(t *testing.T) {
	const path = "../../docs/config.example.yaml"
	var want bytes.Buffer
	if err := config.Example(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what `busker config example` prints (%v); run: go test ./cmd/busker -run Example -update", path, err)
	}
}
