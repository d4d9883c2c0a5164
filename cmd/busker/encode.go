package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"busker/cmd/busker/internal/encode"
	"busker/dsp"
	"busker/opus"
)

type encodeCommand struct {
	File   string `arg:"" help:"What to encode: a sound file of any kind, or - for standard input."`
	Output string `short:"o" placeholder:"FILE" help:"Where to write; - is standard output. Otherwise the input's name with .dca, in this folder."`
	Force  bool   `short:"f" help:"Write over a file that is there."`
	Raw    bool   `help:"Write DCA0: packets only, no header."`

	Start       time.Duration `placeholder:"TIME" help:"Begin here, for example 1m30s."`
	Volume      int           `default:"100" placeholder:"PERCENT" help:"Loudness, 1 to 500."`
	Effect      []string      `sep:"," placeholder:"NAME[:PERCENT]" help:"An effect and its strength, for example nightcore:80. May be given several times. See --help."`
	Bitrate     int           `placeholder:"KBPS" help:"In kbit/s, 6 to 510. Opus is copied as it is if this is not given, the rest encoded at 96."`
	Complexity  int           `placeholder:"1-10" help:"How hard the encoder works; otherwise 5."`
	Application string        `aliases:"mode" default:"audio" enum:"audio,music" placeholder:"NAME" help:"Profile of the encoder. Only audio, which DCA also calls music."`
	Backend     string        `placeholder:"NAME" help:"Encoder; otherwise the best in this build. See --help."`

	Comment string `placeholder:"TEXT" help:"Leave a comment in the header."`
	Cover   bool   `default:"true" negatable:"" help:"Put the file's cover picture into the header."`
}

// Help is shown by --help.
func (c *encodeCommand) Help() string {
	presets := dsp.Presets()
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.Name
	}
	return fmt.Sprintf(`Writes a DCA file: Opus packets that a bot plays without any work. Opus that can be used as it
is gets copied, unless a bitrate, a volume, an effect or an encoder is asked for.

  busker encode song.flac -o song.dca
  busker encode song.mp3 -o night.dca --effect nightcore:80 --effect bassboost:30

Effects: %s.
Encoders: %s.`, strings.Join(names, ", "), strings.Join(append(opus.Backends(), opus.StreamBackends()...), ", "))
}

// Validate is called by kong.
func (c *encodeCommand) Validate() error {
	switch {
	case c.Start < 0:
		return errors.New("--start must not be before 0")
	case c.Volume < 1 || c.Volume > 500:
		return errors.New("--volume must be between 1 and 500")
	case c.Bitrate != 0 && (c.Bitrate*1000 < opus.MinBitrate || c.Bitrate*1000 > opus.MaxBitrate):
		return fmt.Errorf("--bitrate must be between %d and %d, in kbit/s", opus.MinBitrate/1000, opus.MaxBitrate/1000)
	case c.Complexity < 0 || c.Complexity > opus.MaxComplexity:
		return fmt.Errorf("--complexity must be between 1 and %d", opus.MaxComplexity)
	}
	return nil
}

// Run writes the file, whole or not at all.
func (c *encodeCommand) Run(ctx context.Context) error {
	settings, err := c.settings()
	if err != nil {
		return usageError{err}
	}
	if _, err := opus.Describe(c.Backend); err != nil {
		return usageError{err}
	}
	info, err := os.Stderr.Stat()
	return encode.Run(ctx, encode.Options{
		Input: c.File, Output: c.Output, Force: c.Force, Raw: c.Raw,
		Start: c.Start, Bitrate: c.Bitrate * 1000, Complexity: c.Complexity, Backend: c.Backend, Settings: settings,
		Comment: c.Comment, NoCover: !c.Cover, Tool: version,
		Terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, Progress: os.Stderr,
	})
}

// settings are the effects and the volume together.
func (c *encodeCommand) settings() (dsp.Settings, error) {
	var parts []dsp.Part
	for _, text := range c.Effect {
		name, strength, found := strings.Cut(text, ":")
		percent := 100.0
		if found {
			var err error
			if percent, err = strconv.ParseFloat(strings.TrimSuffix(strength, "%"), 64); err != nil {
				return dsp.Settings{}, fmt.Errorf("--effect %s: %q is not a number of percent", text, strength)
			}
		}
		parts = append(parts, dsp.Part{Preset: name, Strength: percent / 100})
	}
	s, err := dsp.Mix(parts...)
	if err != nil {
		return dsp.Settings{}, err
	}
	if c.Volume != 100 {
		if s.Volume == 0 {
			s.Volume = 1
		}
		s.Volume = min(s.Volume*float64(c.Volume)/100, 5)
	}
	return s, s.Check()
}
