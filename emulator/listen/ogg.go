package listen

import (
	"bufio"
	"fmt"
	"io"

	"busker/audio"
	"busker/opus"
	"busker/opus/ogg"
)

// preSkip is the usual lookahead of a libopus encoder: what a speaker's first
// packet begins with before his first sample. The speaker does not tell.
const preSkip = 312

// WriteOgg writes the packets as they were heard as Ogg/Opus. Holes are filled
// with silence frames, to the frame.
func (r *Recording) WriteOgg(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	to, err := ogg.NewWriter(out, ogg.WriterOptions{
		Head:   ogg.Head{Channels: audio.Channels, Streams: 1, Coupled: 1, PreSkip: preSkip, InputRate: audio.SampleRate},
		Tags:   ogg.Tags{Vendor: "busker", Comments: []string{"TITLE=As heard in the voice channel"}},
		Serial: 1,
	})
	if err != nil {
		return fmt.Errorf("write Ogg: %w", err)
	}
	if err := r.writePackets(to); err != nil {
		return fmt.Errorf("write Ogg: %w", err)
	}
	if err := to.Close(); err != nil {
		return fmt.Errorf("write Ogg: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write Ogg: %w", err)
	}
	return nil
}

func (r *Recording) writePackets(to *ogg.Writer) error {
	owed := int64(0) // silence not yet written, less than a frame after each step
	for i, f := range r.frames {
		if i > 0 {
			owed += f.hole
		}
		for ; owed >= frameSamples; owed -= frameSamples {
			if err := to.WritePacket([]byte(opus.SilenceFrame), audio.FrameSamples); err != nil {
				return err
			}
		}
		packet := f.payload
		if _, err := opus.PacketDuration(packet); err != nil {
			packet = []byte(opus.SilenceFrame)
		}
		if err := to.WritePacket(packet, int(f.samples)); err != nil {
			return err
		}
	}
	return nil
}
