package dsp

// filters says which are on.
type filters struct {
	volume, equalizer, karaoke, timescale, tremolo, vibrato, distortion, rotation,
	channelMix, lowPass, bassBoost, width, compression, echo, reverb bool
}

func (s *Settings) filters() filters {
	return filters{
		volume:      volumeGain(s.Volume) != 1,
		equalizer:   s.Equalizer != [Bands]float64{},
		karaoke:     s.Karaoke.Level != 0,
		timescale:   !s.Timescale.neutral(),
		tremolo:     s.Tremolo.Depth != 0,
		vibrato:     s.Vibrato.Depth != 0,
		distortion:  s.Distortion.On,
		rotation:    s.Rotation != 0,
		channelMix:  s.ChannelMix.On,
		lowPass:     s.LowPass > 1,
		bassBoost:   s.BassBoost != 0,
		width:       s.Width != 0,
		compression: s.Compression.Ratio > 1,
		echo:        s.Echo.Mix != 0,
		reverb:      s.Reverb.Mix != 0,
	}
}

// Neutral reports whether s changes nothing.
func (s Settings) Neutral() bool { return s.filters() == filters{} }

// Active names the filters that are on, by their keys in JSON, in the order they are
// applied.
func (s Settings) Active() []string {
	f := s.filters()
	var list []string
	for _, e := range []struct {
		on   bool
		name string
	}{
		{f.volume, "volume"},
		{f.equalizer, "equalizer"},
		{f.karaoke, "karaoke"},
		{f.timescale, "timescale"},
		{f.tremolo, "tremolo"},
		{f.vibrato, "vibrato"},
		{f.distortion, "distortion"},
		{f.rotation, "rotation"},
		{f.channelMix, "channelMix"},
		{f.lowPass, "lowPass"},
		{f.bassBoost, "bassBoost"},
		{f.width, "width"},
		{f.compression, "compression"},
		{f.echo, "echo"},
		{f.reverb, "reverb"},
	} {
		if e.on {
			list = append(list, e.name)
		}
	}
	return list
}
