package dsp

import (
	"busker/audio"
	"busker/dsp/limit"
	"busker/dsp/room"
)

// Chain applies Settings to a stream of blocks. One goroutine uses it at a time. Push,
// Pull and Drain allocate nothing; Set makes what a filter needs when it is first on.
//
//	chain.Push(in)
//	for chain.Pull(out) { … }
//
// Where no timescale is on, each Push makes one block to Pull. Input may hold anything;
// output is finite, and where a filter is on it stays below -1 dBTP.
//
//	volume → equalizer → karaoke → timescale → tremolo → vibrato → distortion →
//	rotation → channelMix → lowPass → bassBoost → width → compression → echo →
//	reverb → true-peak limiter
type Chain struct {
	settings Settings
	started  bool // audio has passed since the last Reset
	changed  bool // Set has been called since the last Push

	volume      Gain
	equalizer   stage[[Bands]float64]
	karaoke     stage[Karaoke]
	timescale   timescale
	tremolo     stage[Oscillation]
	vibrato     stage[Oscillation]
	distortion  stage[Distortion]
	rotation    stage[Oscillation]
	channelMix  stage[ChannelMix]
	lowPass     stage[float64]
	bassBoost   stage[float64]
	width       stage[ChannelMix]
	compression stage[limit.Compression]
	echo        stage[room.Echoing]
	reverb      stage[room.Reverberation]
	ceiling     ceiling

	before [2]place  // the stages on the input side of the timescale
	after  [11]place // and those behind

	have  bool        // block waits for Pull
	block audio.Block // the last input, after the stages before the timescale
	drain drain
}

// NewChain returns a Chain with settings that hold from the first sample on. They must
// have passed Check.
func NewChain(s Settings) *Chain {
	c := &Chain{volume: NewGain(1)}
	c.equalizer.make = func(g [Bands]float64) filter[[Bands]float64] { return newEqualizer(g) }
	c.karaoke.make = func(k Karaoke) filter[Karaoke] { return newKaraoke(k) }
	c.tremolo.make = func(o Oscillation) filter[Oscillation] { return newTremolo(o) }
	c.vibrato.make = func(o Oscillation) filter[Oscillation] { return newVibrato(o) }
	c.distortion.make = func(d Distortion) filter[Distortion] { return newDistortion(d) }
	c.rotation.make = func(o Oscillation) filter[Oscillation] { return newRotation(o) }
	c.channelMix.make = func(m ChannelMix) filter[ChannelMix] { return newChannelMix(m) }
	c.lowPass.make = func(smoothing float64) filter[float64] { return newLowPass(smoothing) }
	c.bassBoost.make = func(boost float64) filter[float64] { return newBassBoost(boost) }
	c.width.make = func(m ChannelMix) filter[ChannelMix] { return newChannelMix(m) }
	c.compression.make = func(k limit.Compression) filter[limit.Compression] { return limit.NewCompressor(k) }
	c.echo.make = func(e room.Echoing) filter[room.Echoing] { return room.NewEcho(e) }
	c.reverb.make = func(r room.Reverberation) filter[room.Reverberation] { return room.NewReverb(r) }
	c.echo.room, c.reverb.room = true, true
	c.before = [...]place{&c.equalizer, &c.karaoke}
	c.after = [...]place{
		&c.tremolo, &c.vibrato, &c.distortion, &c.rotation, &c.channelMix, &c.lowPass,
		&c.bassBoost, &c.width, &c.compression, &c.echo, &c.reverb,
	}
	c.Reset()
	c.Set(s)
	return c
}

// Set glides to other settings, from the next Push on; a filter that comes on fades in a
// frame later. They must have passed Check.
func (c *Chain) Set(s Settings) {
	if s == c.settings {
		return
	}
	c.settings, c.changed = s, true
	on := s.filters()
	c.equalizer.want(s.Equalizer, on.equalizer)
	c.karaoke.want(s.Karaoke, on.karaoke)
	c.timescale.want(s.Timescale, c.last())
	c.tremolo.want(s.Tremolo, on.tremolo)
	c.vibrato.want(s.Vibrato, on.vibrato)
	c.distortion.want(s.Distortion, on.distortion)
	c.rotation.want(s.turning(), on.rotation)
	c.channelMix.want(s.ChannelMix, on.channelMix)
	c.lowPass.want(s.LowPass, on.lowPass)
	c.bassBoost.want(s.BassBoost, on.bassBoost)
	c.width.want(widening(s.Width), on.width)
	c.compression.want(s.Compression, on.compression)
	c.echo.want(s.Echo, on.echo)
	c.reverb.want(s.Reverb, on.reverb)
	c.ceiling.want(on != filters{})
	if !c.started {
		c.Reset()
	}
}

// Settings returns what was Set last.
func (c *Chain) Settings() Settings { return c.settings }

// Reset forgets all audio; the settings hold at once.
func (c *Chain) Reset() {
	c.volume = NewGain(float32(volumeGain(c.settings.Volume)))
	for _, p := range c.before {
		p.reset()
	}
	c.timescale.reset()
	for _, p := range c.after {
		p.reset()
	}
	c.ceiling.reset()
	c.started, c.changed, c.have = false, false, false
	c.drain = drain{}
}
