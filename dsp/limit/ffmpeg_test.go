package limit_test

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"busker/dsp/limit"
)

var peak = regexp.MustCompile(`Peak:\s+(-?[0-9.]+) dBFS`)

// FFmpeg's true-peak meter has another author. It prints tenths.
func TestCeilingByFFmpeg(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	for name, f := range signals() {
		t.Run(name, func(t *testing.T) {
			l := limit.NewLimiter(-1)
			b := audible(blocks(12, f))
			for i := range b {
				l.Process(&b[i])
			}
			raw, err := binary.Append(nil, binary.LittleEndian, b)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), ffmpeg, "-nostats", "-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "-",
				"-af", "ebur128=peak=true", "-f", "null", "-")
			cmd.Stdin = bytes.NewReader(raw)
			out, err := cmd.CombinedOutput()
			found := peak.FindAllSubmatch(out, -1)
			if err != nil || found == nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if db, err := strconv.ParseFloat(string(found[len(found)-1][1]), 64); err != nil || db > -0.9 {
				t.Errorf("%v dBTP, %v", db, err)
			}
		})
	}
}
