package ogg_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"busker/opus/ogg"
)

// TestAChainOfPicturesIsNotKept measures a file of which each of many streams has a
// large comment, and wants to keep but the first.
func TestAChainOfPicturesIsNotKept(t *testing.T) {
	const streams, size = 16, 512 << 10
	var b []byte
	for i := range streams {
		title := "TITLE=" + string(rune('A'+i))
		b = append(b, file{packets: 50, from: i * 50, opts: ogg.WriterOptions{
			Serial: uint32(i + 1), Tags: ogg.Tags{Comments: []string{title, "COVERART=" + strings.Repeat("A", size)}},
		}}.bytes(t)...)
	}
	r := newReader(t, bytes.NewReader(b))
	before := heap()
	if _, err := r.Length(); err != nil {
		t.Fatal(err)
	}
	if grown := heap() - before; grown > streams*size/4 {
		t.Errorf("%d KiB are kept of %d streams", grown>>10, streams)
	}
	if err := r.Seek(2500 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadPacket(); err != nil || r.Tags().Get("TITLE") != "C" {
		t.Errorf("in %q, %v", r.Tags().Get("TITLE"), err)
	}
	runtime.KeepAlive(b)
}

// heap is the memory in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
