package decode_test

import (
	"io"
	"testing"
	"time"

	"busker/audio"
	"busker/sources/decode"
)

// nosy is an input that asks whether whoever reads it said so.
type nosy struct {
	io.ReadSeeker
	waiting *bool
	reads   int
	unsaid  int
}

func (n *nosy) Read(p []byte) (int, error) {
	n.reads++
	if !*n.waiting {
		n.unsaid++
	}
	return n.ReadSeeker.Read(p)
}

func TestWaitsAreSaid(t *testing.T) {
	all, preSkip := encoded(t, song48(20*48000))
	for name, b := range map[string][]byte{
		"wave": waveFile(song48(5*48000), 48000, 2), "ogg": oggFile(t, 1, 0, preSkip, 20*48000, all), "dca": dcaFile(t, preSkip, 20*48000, all),
	} {
		for _, byPackets := range []bool{false, true} {
			waiting := false
			in := bytesInput(b)
			file := &nosy{ReadSeeker: in.Reader.(io.ReadSeeker), waiting: &waiting}
			in.Reader = file
			r := must(decode.Open(t.Context(), in, 0, decode.Options{}))
			file.reads, file.unsaid = 0, 0
			waits := 0
			r.(audio.Waiting).OnWait(
				func() { waits, waiting = waits+1, true },
				func() { waiting = false })
			p, ok := r.(audio.PacketReader)
			switch {
			case !byPackets:
				_, _ = drain(r)
			case ok:
				_ = packetsOf(t, p)
			default:
				continue
			}
			if waiting || file.unsaid > 0 || waits != file.reads || file.reads == 0 {
				t.Errorf("%s: %d reads, %d waits, %d unsaid", name, file.reads, waits, file.unsaid)
			}
			_ = r.Close()
		}
	}
}

// TestWaitsForAChildAreSaid checks that they are said on the reader's goroutine: the
// race detector sees the counter.
func TestWaitsForAChildAreSaid(t *testing.T) {
	path := encode(t, "a.wma", 44100, 2, 2*time.Second, "-c:a", "wmav2")
	in := fileInput(t, path)
	in.Reader = io.MultiReader(in.Reader) // not a file: its content is read on another goroutine
	r := must(decode.Open(t.Context(), in, 0, ffmpeg(t, decode.FFmpegOptions{})))
	defer r.Close()
	waits, resumes := 0, 0
	r.(audio.Waiting).OnWait(func() { waits++ }, func() { resumes++ })
	if _, err := drain(r); err != nil {
		t.Fatal(err)
	}
	if waits == 0 || waits != resumes {
		t.Errorf("%d waits, %d resumes", waits, resumes)
	}
}
