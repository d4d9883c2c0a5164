package dca_test

import (
	"bytes"
	"testing"
	"time"

	"busker/audio"
	"busker/opus/dca"
)

// FuzzReader holds that no file makes the Reader panic, grow without bound or tell two
// stories: what follows a Seek is what reading up to there shows.
func FuzzReader(f *testing.F) {
	f.Add([]byte(`DCA1`+"\x2a\x00\x00\x00"+`{"extra":{"skip":312,"samples":5,"tail":1}}`+"\x03\x00\xfc12\x03\x00\xfc12"), int64(20*time.Millisecond))
	f.Add(raw(f, packet(0, 50), packet(1, 3)), int64(time.Millisecond))
	f.Add([]byte("DCA1\x02\x00\x00\x00{}\x03\x00\xfc12"), int64(0))
	f.Add([]byte("DCA1\x00\x00\x00\x01{}"), int64(-5))
	f.Fuzz(func(t *testing.T, file []byte, at int64) {
		dca.Sniff(file, true)
		front, err := dca.NewReader(plain(file))
		back, err2 := dca.NewReader(bytes.NewReader(file))
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%v, %v", err, err2)
		}
		if err != nil {
			return
		}
		all := 0
		for {
			p, err := front.ReadPacket()
			if err != nil {
				break
			}
			all += 2 + len(p)
		}
		if all > len(file) {
			t.Fatalf("%d bytes out of %d", all, len(file))
		}
		if back.Seek(time.Duration(at)) != nil || back.Metadata().Extra.Index != nil {
			return // an index may lie
		}
		skip := int64(back.Metadata().Extra.Skip)
		target := max(0, skip+audio.DurationSamples(time.Duration(at)))
		if p := back.Position() + skip; p > target {
			t.Fatalf("at %d, which is behind %d", p, target)
		}
		if _, err := back.ReadPacket(); err == nil && back.Position()+skip <= target {
			t.Fatalf("the packet before %d does not hold %d", back.Position()+skip, target)
		}
		if back.Seek(0) != nil {
			t.Fatal("no way back")
		}
	})
}
