package dsp_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"busker/dsp"
	"busker/dsp/limit"
	"busker/dsp/room"
	"busker/internal/fault"
)

// everything is on in it.
func everything() dsp.Settings {
	return dsp.Settings{
		Volume:      0.7,
		Equalizer:   [dsp.Bands]float64{0.2, -0.25, 1, 0.1, 0, 0.05},
		Karaoke:     dsp.Karaoke{Level: 0.4, MonoLevel: 0.9, Band: 200, Width: 80},
		Timescale:   dsp.Timescale{Speed: 1.2, Pitch: 0.9, Rate: 1.1},
		Tremolo:     dsp.Oscillation{Frequency: 3, Depth: 0.4},
		Vibrato:     dsp.Oscillation{Frequency: 5, Depth: 0.3},
		Distortion:  dsp.Distortion{On: true, SinScale: 1, CosOffset: 0.1, CosScale: 0.5, TanOffset: 1, TanScale: 0.3, Offset: 0.01, Scale: 0.9},
		Rotation:    0.2,
		ChannelMix:  dsp.ChannelMix{On: true, LeftToLeft: 0.9, LeftToRight: 0.1, RightToLeft: 0.2, RightToRight: 0.8},
		LowPass:     5,
		BassBoost:   6,
		Width:       0.4,
		Compression: limit.Compression{Threshold: -20, Ratio: 3, Knee: 6, Attack: 5, Release: 100, Makeup: 3},
		Echo:        room.Echoing{Delay: 0.3, Decay: 0.4, Mix: 0.3, PingPong: true},
		Reverb:      room.Reverberation{Mix: 0.3, Size: 0.7, Damping: 0.4, Width: 1, PreDelay: 10},

		RotationDepth: 0.9,
	}
}

func TestSettingsSurviveJSONAndYAML(t *testing.T) {
	for name, want := range map[string]dsp.Settings{"zero": {}, "everything": everything()} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var got dsp.Settings
			if err := json.Unmarshal(text, &got); err != nil || got != want {
				t.Errorf("JSON %v: %+v\n%s", err, got, text)
			}
			if text, err = yaml.Marshal(want); err != nil {
				t.Fatal(err)
			}
			got = dsp.Settings{}
			if err := yaml.Unmarshal(text, &got); err != nil || got != want {
				t.Errorf("YAML %v: %+v\n%s", err, got, text)
			}
		})
	}
}

func TestEverythingPassesCheck(t *testing.T) {
	s := everything()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	names := "volume equalizer karaoke timescale tremolo vibrato distortion rotation channelMix lowPass " +
		"bassBoost width compression echo reverb"
	if got := strings.Join(s.Active(), " "); got != names {
		t.Errorf("active: %s", got)
	}
	if (dsp.Settings{}).Active() != nil || !(dsp.Settings{}).Neutral() || s.Neutral() {
		t.Error("the zero value alone is neutral")
	}
}

func TestNeutralHasManyForms(t *testing.T) {
	for _, s := range []dsp.Settings{
		{Volume: 1},
		{Volume: 1.01}, // as in Lavalink
		{Timescale: dsp.Timescale{Speed: 1, Pitch: 1, Rate: 1}},
		{Karaoke: dsp.Karaoke{MonoLevel: 1, Band: 220, Width: 100}},
		{Tremolo: dsp.Oscillation{Frequency: 2}},
		{LowPass: 1},
		{Compression: limit.Compression{Ratio: 1, Threshold: -20}},
	} {
		if !s.Neutral() || s.Check() != nil || !dsp.NewChain(s).Idle() {
			t.Errorf("%+v: active %v, %v", s, s.Active(), s.Check())
		}
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		says string
		s    dsp.Settings
	}{
		{"volume is 5.1; it must be between 0 and 5.", dsp.Settings{Volume: 5.1}},
		{"volume is -1;", dsp.Settings{Volume: -1}},
		{"volume is not a number.", dsp.Settings{Volume: math.NaN()}},
		{"equalizer[3] is 1.5; it must be between -0.25 and 1.", dsp.Settings{Equalizer: [dsp.Bands]float64{3: 1.5}}},
		{"equalizer[14] is not a number", dsp.Settings{Equalizer: [dsp.Bands]float64{14: math.Inf(-1)}}},
		{"karaoke.level", dsp.Settings{Karaoke: dsp.Karaoke{Level: 2}}},
		{"timescale.speed is 5; it must be between 0.25 and 4", dsp.Settings{Timescale: dsp.Timescale{Speed: 5}}},
		{"timescale.pitch times timescale.rate is 6", dsp.Settings{Timescale: dsp.Timescale{Pitch: 3, Rate: 2}}},
		{"timescale.speed divided by timescale.pitch is 0.0625", dsp.Settings{Timescale: dsp.Timescale{Speed: 0.25, Pitch: 4}}},
		{"tremolo.frequency must be above 0", dsp.Settings{Tremolo: dsp.Oscillation{Depth: 0.5}}},
		{"vibrato.frequency is 15; it must be between 0.01 and 14", dsp.Settings{Vibrato: dsp.Oscillation{Frequency: 15, Depth: 1}}},
		{"distortion.scale is not a number", dsp.Settings{Distortion: dsp.Distortion{Scale: math.Inf(1)}}},
		{"bassBoost", dsp.Settings{BassBoost: 19}},
		{"width", dsp.Settings{Width: -1.5}},
		{"compression.threshold", dsp.Settings{Compression: limit.Compression{Threshold: 3}}},
		{"echo.delay must be above 0", dsp.Settings{Echo: room.Echoing{Mix: 0.5}}},
		{"reverb.size", dsp.Settings{Reverb: room.Reverberation{Size: 1.1}}},
	} {
		err := tt.s.Check()
		message, _ := fault.Message(err)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(message, tt.says) {
			t.Errorf("want %q, got %q", tt.says, message)
		}
	}
}

// Every float of Settings is checked: none may be left out when one is added.
func TestCheckRefusesNaNAndInfEverywhere(t *testing.T) {
	s := everything()
	n := eachFloat(reflect.ValueOf(&s).Elem(), func(v reflect.Value) {
		was := v.Float()
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300} {
			v.SetFloat(bad)
			if fault.KindOf(s.Check()) != fault.Invalid {
				t.Errorf("%v is let through: %+v", bad, s)
			}
		}
		v.SetFloat(was)
	})
	if n < 50 {
		t.Errorf("only %d numbers", n)
	}
}

// eachFloat calls f with every float64 below v.
func eachFloat(v reflect.Value, f func(reflect.Value)) (n int) {
	switch v.Kind() {
	case reflect.Float64:
		f(v)
		return 1
	case reflect.Struct:
		for i := range v.NumField() {
			n += eachFloat(v.Field(i), f)
		}
	case reflect.Array:
		for i := range v.Len() {
			n += eachFloat(v.Index(i), f)
		}
	}
	return n
}
