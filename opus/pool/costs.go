package pool

import (
	"sync"
	"time"

	"busker/audio"
	"busker/opus"
)

// Costs are what 20 ms of a stream cost one core.
type Costs struct {
	Encode0 time.Duration // encoding at complexity 0
	Encode5 time.Duration // encoding at complexity 5
	Decode  time.Duration // decoding Opus
}

// allIn is what a stream of music among hundreds costs beside the sum of its parts measured
// alone: its codecs' memory has left the caches, there are threads to switch.
const allIn = 1.3

// share returns what part of the cores one stream takes that is decoded and encoded at
// that complexity.
func (c Costs) share(complexity, cores int) float64 {
	encode := float64(c.Encode5)
	switch { // relative to 5 as libopus 1.3.1 does with music
	case complexity >= 8:
		encode *= 1.58
	case complexity == 7:
		encode *= 1.28
	case complexity >= 5:
	case complexity >= 1:
		encode *= 0.79
	default:
		encode = float64(c.Encode0)
	}
	return allIn * (encode + float64(c.Decode)) / float64(audio.FrameTime) / float64(cores)
}

// machineCosts measures the default codec, once per process: a machine does not change.
var machineCosts = sync.OnceValues(func() (Costs, error) { return Measure("") })

// typical are the Costs where there is no clock to measure them with: libopus 1.3.1 on
// a server core of 2024.
var typical = Costs{Encode0: 33 * time.Microsecond, Encode5: 66 * time.Microsecond, Decode: 41 * time.Microsecond}

// Measure returns what the named codec of package opus costs on this machine, "" being
// its default. It computes for about 50 ms, less where the codec is fast.
func Measure(backend string) (Costs, error) {
	e, err := opus.NewEncoder(opus.EncoderOptions{Backend: backend})
	if err != nil {
		return Costs{}, err
	}
	defer func() { _ = e.Close() }()
	d, err := opus.NewDecoder(opus.DecoderOptions{Backend: backend})
	if err != nil {
		return Costs{}, err
	}
	defer func() { _ = d.Close() }()
	return measure(e, d)
}

func measure(e opus.Encoder, d opus.Decoder) (c Costs, err error) {
	block := noise()
	var packets [trialFrames][]byte
	for i := range packets {
		packets[i] = make([]byte, audio.MaxPacketBytes)
	}
	encode := func(i int) error {
		n, err := e.Encode(packets[i][:audio.MaxPacketBytes], &block[i])
		packets[i] = packets[i][:n]
		return err
	}
	pcm := make([]float32, opus.MaxPacketSamples*audio.Channels)
	decode := func(i int) error {
		_, err := d.Decode(pcm, packets[i])
		return err
	}
	if c.Encode5, err = trial(encode); err != nil {
		return Costs{}, err
	}
	if err = e.SetComplexity(0); err != nil {
		return Costs{}, err
	}
	if c.Encode0, err = trial(encode); err != nil {
		return Costs{}, err
	}
	if c.Decode, err = trial(decode); err != nil {
		return Costs{}, err
	}
	if c.Encode0 <= 0 || c.Encode5 <= 0 || c.Decode <= 0 {
		return typical, nil
	}
	return c, nil
}

// A trial is several runs over trialFrames frames; the fastest run counts, since all
// that disturbs a measurement makes it slower. The runs are short, half a millisecond,
// so that also on a busy machine one of them is left in peace.
const (
	trials      = 12
	trialFrames = 8 // all that noise returns
)

func trial(do func(i int) error) (perFrame time.Duration, err error) {
	for n := range trials {
		stop := threadTime()
		for i := range trialFrames {
			if err := do(i); err != nil {
				return 0, err
			}
		}
		if took := stop() / trialFrames; n == 0 || took < perFrame {
			perFrame = took
		}
	}
	return perFrame, nil
}

// noise returns blocks that are work for an encoder: stereo noise that swells. It
// depends on nothing, so that every start measures the same.
func noise() (blocks [trialFrames]audio.Block) {
	seed := uint32(1)
	for b := range blocks {
		low := float32(0)
		for i := range blocks[b] {
			seed = seed*1664525 + 1013904223
			low += 0.2 * (float32(int32(seed))/(1<<31) - low)
			blocks[b][i] = low * (0.2 + 0.1*float32(b))
		}
	}
	return blocks
}
