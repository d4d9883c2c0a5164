package listen

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"busker/audio"
)

// wavBytes is the size of one sample pair: 16 bits, two channels.
const wavBytes = 2 * audio.Channels

// WriteWAV writes the recording as 16-bit stereo PCM.
func (r *Recording) WriteWAV(w io.Writer) error {
	size := r.samples() * wavBytes
	if size > math.MaxUint32-wavHeader {
		return errors.New("write WAV: the recording is longer than the 6 hours a WAV file can hold")
	}
	from, err := r.Open()
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	out := bufio.NewWriterSize(w, 64<<10)
	if _, err := out.Write(appendWAVHeader(nil, uint32(size))); err != nil {
		return fmt.Errorf("write WAV: %w", err)
	}
	var b audio.Block
	var line []byte
	for left := size; left > 0; left -= int64(len(line)) {
		if err := from.ReadBlock(&b); err != nil {
			return fmt.Errorf("write WAV: %w", err)
		}
		line = line[:0]
		for _, v := range b[:min(int64(len(b)), left/2)] {
			line = binary.LittleEndian.AppendUint16(line, uint16(pcm16(v)))
		}
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("write WAV: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write WAV: %w", err)
	}
	return nil
}

// wavHeader is the size of all that comes before the samples.
//
//	"RIFF" size "WAVE" | "fmt " 16 | 1 PCM | channels | rate | bytes/s | bytes/pair | bits | "data" size
const wavHeader = 44

func appendWAVHeader(b []byte, size uint32) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(append(b, "RIFF"...), size+wavHeader-8)
	b = le.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, audio.Channels)
	b = le.AppendUint32(b, audio.SampleRate)
	b = le.AppendUint32(b, audio.SampleRate*wavBytes)
	b = le.AppendUint16(b, wavBytes)
	b = le.AppendUint16(b, 16)
	return le.AppendUint32(append(b, "data"...), size)
}

func pcm16(v float32) int16 {
	return int16(max(math.MinInt16, min(math.MaxInt16, math.Round(float64(v)*32768))))
}
