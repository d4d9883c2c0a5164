package bench_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"busker/audio"
	"busker/bench"
)

// signalNames are the sounds encoders are measured with.
var signalNames = []string{"music", "chord", "noise", "silence"}

// corpus is ten seconds of each signal, less where nobody wants figures.
var corpus = sync.OnceValues(func() (map[string][]audio.Block, error) {
	frames := 500
	if !benchmarking() {
		frames = 50
	}
	list := map[string][]audio.Block{}
	for _, s := range bench.Synthetic(frames) {
		list[s.Name] = s.Blocks
	}
	files := bench.MusicFiles(root())
	if len(files) == 0 {
		return list, nil
	}
	music, err := bench.Music(context.Background(), frames, files...)
	if err != nil {
		return nil, fmt.Errorf("real music: %w", err)
	}
	list[music.Name] = music.Blocks
	return list, nil
})

// recorded returns the sound of that name, and leaves the measurement out where there is
// none.
func recorded(tb testing.TB, name string) []audio.Block {
	tb.Helper()
	list, err := corpus()
	if err != nil {
		tb.Fatal(err)
	}
	if list[name] == nil {
		tb.Skipf("there is no %s in .cache/music: make setup-test fetches some", name)
	}
	return list[name]
}

// sound returns real music where there is any, else the next best.
func sound(tb testing.TB) []audio.Block {
	tb.Helper()
	if list, err := corpus(); err == nil && list["music"] == nil {
		return list["chord"]
	}
	return recorded(tb, "music")
}

// root is the folder of go.mod.
func root() string {
	dir, _ := os.Getwd()
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
