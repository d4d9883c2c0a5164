package cache_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busker/audio"
	"busker/cache"
)

// FuzzKeptFile holds that nothing in a file whose header agrees with it makes the cache
// panic, loop or tell nonsense, by packets or by blocks.
func FuzzKeptFile(f *testing.F) {
	dir := f.TempDir()
	path := ""
	f.Add([]byte("\x03\x00\xfc12\x03\x00\xfc12"), int64(1920), int64(312), int64(5), int64(25*time.Millisecond))
	f.Add([]byte("\x03\x00\xf412\x03\x00\xfc12"), int64(1440), int64(-1), int64(5000), int64(-1))
	f.Add([]byte("\x03\x00\xfc12\x00"), int64(1<<60), int64(1<<60), int64(0), int64(1<<62))
	f.Fuzz(func(t *testing.T, frames []byte, samples, skip, tail, at int64) {
		if path == "" {
			path = filepath.Join(dir, named(t, key("a")))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, agreeing(frames, samples, skip, tail), 0o600); err != nil {
			t.Fatal(err)
		}
		play(t, dir, at, len(frames), func(p audio.PacketReader) error { return p.ReadBlock(new(audio.Block)) })
		b := audio.NewPacket()
		defer b.Release()
		play(t, dir, at, len(frames), func(p audio.PacketReader) error { return p.ReadPacket(b) })
	})
}

func play(t *testing.T, dir string, at int64, most int, read func(audio.PacketReader) error) {
	c, err := cache.New(cache.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := c.Run(ended); err != nil { // gives the folder back
		t.Fatal(err)
	}
	p, err := c.Open(key("a"), time.Duration(at))
	if p == nil {
		return
	}
	defer p.Close()
	n := 0
	for ; err == nil && n <= most; n++ {
		err = read(p)
	}
	tail := p.(audio.Ending).Tail()
	if n > most+1 || p.Skip() < 0 || p.Skip() >= audio.FrameSamples || tail < 0 || tail >= audio.FrameSamples {
		t.Errorf("%d frames, skip %d, tail %d", n, p.Skip(), tail)
	}
}

// agreeing is a file whose header has the right sums.
func agreeing(frames []byte, samples, skip, tail int64) []byte {
	text := fmt.Sprintf(`{"extra":{"recipe":%q,"samples":%d,"skip":%d,"tail":%d,"bytes":%d,"crc32c":%d}}`, key("").Recipe,
		samples, skip, tail, len(frames), crc32.Checksum(frames, crc32.MakeTable(crc32.Castagnoli)))
	file := binary.LittleEndian.AppendUint32([]byte("DCA1"), uint32(len(text)))
	return append(append(file, text...), frames...)
}

// named finds out where a cache keeps k.
func named(t *testing.T, k cache.Key) (path string) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		r.keep(k, 1, 0, 0)
		var err error
		if path, err = filepath.Rel(r.dir, r.files()[0]); err != nil {
			t.Fatal(err)
		}
	})
	return path
}
