package listen

import (
	"errors"
	"fmt"
	"io"
	"time"

	"busker/audio"
)

// Recording is what a Listener kept, as the packets it heard in their places.
// It never changes and can be read, written and compared any number of times.
type Recording struct {
	backend string
	frames  []frame
}

// Recording returns what was heard so far, or the part Options.Keep left of it.
// The newest packets are missing while they wait for an earlier one.
func (l *Listener) Recording() *Recording {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Recording{backend: l.opts.Decoder, frames: l.tape.kept()}
}

// Length returns the media time of the recording.
func (r *Recording) Length() time.Duration { return audio.SamplesDuration(r.samples()) }

func (r *Recording) samples() int64 {
	if len(r.frames) == 0 {
		return 0
	}
	last := r.frames[len(r.frames)-1]
	return last.at + last.samples - r.frames[0].at
}

// Open returns the recording as PCM, decoded as it is read. Packets that can not
// be decoded are silence.
func (r *Recording) Open() (audio.Reader, error) {
	u, err := newUnroller(r.backend)
	if err != nil {
		return nil, err
	}
	return &recordingReader{unroll: u, frames: r.frames}, nil
}

// Samples returns the whole recording as interleaved stereo: 384 kB per second.
func (r *Recording) Samples() ([]float32, error) {
	from, err := r.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = from.Close() }()
	pcm := make([]float32, 0, r.samples()*audio.Channels)
	var b audio.Block
	for {
		err := from.ReadBlock(&b)
		if errors.Is(err, io.EOF) {
			return pcm, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the recording: %w", err)
		}
		pcm = append(pcm, b[:min(len(b), cap(pcm)-len(pcm))]...)
	}
}

// recordingReader decodes frame by frame and cuts the result into blocks.
type recordingReader struct {
	unroll  *unroller
	frames  []frame
	begun   bool
	pending []float32
	closed  bool
}

// ReadBlock implements audio.Reader.
func (r *recordingReader) ReadBlock(b *audio.Block) error {
	for len(r.pending) < len(b) && len(r.frames) > 0 {
		f := r.frames[0]
		r.frames = r.frames[1:]
		if !r.begun {
			f.hole, f.conceal, r.begun = 0, 0, true // what lies before is not ours
		}
		_ = r.unroll.play(f, func(_ int64, pcm []float32, _ bool) {
			r.pending = append(r.pending, pcm...)
		}) // undecodable: play gave silence
	}
	if len(r.pending) == 0 {
		return io.EOF
	}
	clear(b[copy(b[:], r.pending):])
	r.pending = r.pending[min(len(b), len(r.pending)):]
	return nil
}

// Close implements audio.Reader.
func (r *recordingReader) Close() error {
	if !r.closed {
		r.closed, r.frames, r.pending = true, nil, nil
		r.unroll.close()
	}
	return nil
}
