package encode

import (
	"errors"
	"io"
	"math"

	"busker/audio"
	"busker/dsp"
)

// silent is below what a file of 24 bits can tell from silence.
const silent = 1e-7

// filtered is a Reader behind a chain of filters. Its first sample is that of the input,
// whatever the filters hold back, and its last is the input's last but for an echo or a
// reverb: these ring out.
type filtered struct {
	reader audio.Reader
	chain  *dsp.Chain // nil = none
	speed  float64
	rings  bool // something may be heard behind the end
	bar    *progress

	next  audio.Block // of the input, read and not filtered yet
	begun bool        // next was read
	ended bool        // and it was the last
	in    int64       // samples of the input in blocks that were filtered
	end   int64       // samples there are to be, known once ended

	out  []float32 // filtered and not given out yet
	drop int       // samples in front that are the filters' delay
	made int64     // samples filtered, without those
	hush int64     // the last of them that are silent, and not in out
	gave int64     // samples given out
	over bool      // the chain is empty
}

func newFiltered(r audio.Reader, s dsp.Settings, bar *progress) *filtered {
	f := &filtered{reader: r, bar: bar}
	if s != (dsp.Settings{}) {
		f.chain = dsp.NewChain(s)
		f.speed = f.chain.Speed()
		f.drop = int(math.Round(f.chain.Delay() / f.speed * float64(audio.FrameSamples)))
		f.rings = s.Echo.Mix != 0 || s.Reverb.Mix != 0
	}
	return f
}

// read fills b with the next 20 ms and returns io.EOF after the last sample.
func (f *filtered) read(b *audio.Block) error {
	if f.chain == nil {
		err := f.reader.ReadBlock(b)
		f.bar.add(audio.FrameTime)
		return err
	}
	for len(f.out) < len(b) && !f.over {
		if err := f.more(); err != nil {
			return err
		}
	}
	if len(f.out) == 0 {
		return io.EOF
	}
	n := copy(b[:], f.out)
	clear(b[n:])
	f.out = f.out[:copy(f.out, f.out[n:])]
	f.gave += int64(n / audio.Channels)
	return nil
}

// more moves audio one step on.
func (f *filtered) more() error {
	var b audio.Block
	switch {
	case f.chain.Pull(&b):
		f.put(b[:])
	case !f.ended:
		return f.push()
	case f.chain.Drain(&b):
		f.put(b[:])
	default:
		f.over = true
		f.finish()
	}
	return nil
}

// push filters a block once it is known whether it is the last, and how long.
func (f *filtered) push() error {
	block, begun := f.next, f.begun
	err := f.reader.ReadBlock(&f.next)
	switch {
	case err == nil:
		f.begun = true
		f.bar.add(audio.FrameTime)
	case errors.Is(err, io.EOF):
		f.ended = true
	default:
		return err
	}
	if !begun {
		return nil
	}
	f.in += int64(audio.FrameSamples)
	if e, ok := f.reader.(audio.Ending); ok && f.ended {
		f.in -= int64(e.Tail())
	}
	if f.ended {
		f.end = int64(math.Round(float64(f.in) / f.speed))
	}
	f.chain.Push(&block)
	return nil
}

// put takes what was filtered. Silence waits until it is known to be none of the end.
func (f *filtered) put(pcm []float32) {
	n := min(f.drop*audio.Channels, len(pcm))
	f.drop -= n / audio.Channels
	pcm = pcm[n:]
	if f.ended && !f.rings {
		pcm = pcm[:min(int64(len(pcm)), max(0, f.end-f.made)*audio.Channels)]
	}
	f.made += int64(len(pcm) / audio.Channels)
	sound := len(pcm)
	for f.ended && sound > 0 && quiet(pcm[sound-audio.Channels:sound]) {
		sound -= audio.Channels
	}
	if sound > 0 {
		f.out = append(f.out, make([]float32, f.hush*audio.Channels)...)
		f.out = append(f.out, pcm[:sound]...)
		f.hush = 0
	}
	f.hush += int64((len(pcm) - sound) / audio.Channels)
}

// finish makes the sound as long as it is to be, if it ended silently before.
func (f *filtered) finish() {
	if missing := f.end - (f.made - f.hush); missing > 0 {
		f.out = append(f.out, make([]float32, missing*audio.Channels)...)
	}
	f.end = max(f.end, f.made-f.hush)
}

func quiet(frame []float32) bool {
	for _, v := range frame {
		if v > silent || v < -silent {
			return false
		}
	}
	return true
}

// tail is how many samples of the last block are padding.
func (f *filtered) tail() int {
	if f.chain != nil {
		return (audio.FrameSamples - int(f.gave%int64(audio.FrameSamples))) % audio.FrameSamples
	}
	if e, ok := f.reader.(audio.Ending); ok {
		return e.Tail()
	}
	return 0
}
