package dsp_test

import (
	"math"
	"reflect"
	"testing"

	"busker/dsp"
	"busker/internal/fault"
)

func mix(t testing.TB, parts ...dsp.Part) dsp.Settings {
	t.Helper()
	s, err := dsp.Mix(parts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPresets(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range dsp.Presets() {
		if p.Name == "" || p.Title == "" || p.About == "" || seen[p.Name] {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
		if s := mix(t, dsp.Part{Preset: p.Name}); s != (dsp.Settings{}) {
			t.Errorf("%s at 0 is %v", p.Name, s.Active())
		}
		for k := 1; k <= 20; k++ {
			s := mix(t, dsp.Part{Preset: p.Name, Strength: float64(k) / 20})
			if err := s.Check(); err != nil || s.Neutral() {
				t.Errorf("%s at %d%%: %v, active %v", p.Name, 5*k, err, s.Active())
			}
		}
	}
	for _, name := range []string{"bassboost", "nightcore", "vaporwave", "8d", "karaoke"} {
		if !seen[name] {
			t.Errorf("no %s", name)
		}
	}
}

// With the strength, no number of the Settings turns back.
func TestStrengthIsMonotone(t *testing.T) {
	for _, p := range dsp.Presets() {
		var last, step []float64
		for k := 1; k <= 10; k++ {
			s := mix(t, dsp.Part{Preset: p.Name, Strength: float64(k) / 10})
			if s.Distortion.On { // its scale is not free: it follows from sinScale
				s.Distortion.Scale = 0
			}
			var now []float64
			eachFloat(reflect.ValueOf(&s).Elem(), func(v reflect.Value) { now = append(now, v.Float()) })
			if last == nil {
				last, step = now, make([]float64, len(now))
				continue
			}
			for i := range now {
				d := now[i] - last[i]
				if d*step[i] < -1e-12 {
					t.Errorf("%s at %d%%: number %d turns back", p.Name, 10*k, i)
				}
				if math.Abs(d) > 1e-12 {
					step[i] = d
				}
			}
			last = now
		}
	}
}

func TestMixRefuses(t *testing.T) {
	for _, p := range []dsp.Part{
		{"nosuch", 1}, {"bassboost", -0.1}, {"bassboost", 1.1}, {"bassboost", math.NaN()}, {"bassboost", math.Inf(1)},
	} {
		if s, err := dsp.Mix(p); fault.KindOf(err) != fault.Invalid || s != (dsp.Settings{}) {
			t.Errorf("%v: %v", p, err)
		}
	}
}

func TestMixCombines(t *testing.T) {
	s := mix(t, dsp.Part{Preset: "nightcore", Strength: 1}, dsp.Part{Preset: "slowed", Strength: 1})
	if got := s.Timescale.Rate; math.Abs(got-1.25*0.85) > 1e-12 {
		t.Errorf("rates multiply: %v", got)
	}
	if s.Reverb.Mix == 0 {
		t.Error("the reverb is lost")
	}
	s = mix(t, dsp.Part{Preset: "party", Strength: 1}, dsp.Part{Preset: "rock", Strength: 0.5})
	if got := s.Equalizer[1]; math.Abs(got-0.19) > 1e-12 {
		t.Errorf("gains add up: %v", got)
	}
	weak := mix(t, dsp.Part{Preset: "tremolo", Strength: 0.2})
	s = mix(t, dsp.Part{Preset: "tremolo", Strength: 0.8}, dsp.Part{Preset: "tremolo", Strength: 0.2})
	if s.Tremolo.Depth <= weak.Tremolo.Depth {
		t.Error("the strongest counts")
	}
}

// Half of the circling swings half as far, not half as fast.
func TestStrengthOfACircle(t *testing.T) {
	half := mix(t, dsp.Part{Preset: "8d", Strength: 0.5})
	if half.Rotation != 0.2 || half.RotationDepth != 0.5 {
		t.Errorf("%v Hz, depth %v", half.Rotation, half.RotationDepth)
	}
	both := mix(t, dsp.Part{Preset: "8d", Strength: 0.9}, dsp.Part{Preset: "8d", Strength: 0.3})
	if both.RotationDepth != 0.9 {
		t.Errorf("the widest counts: %v", both.RotationDepth)
	}
}

// Any presets together stay in range.
func TestAnyCombinationPassesCheck(t *testing.T) {
	list := dsp.Presets()
	var all []dsp.Part
	for _, a := range list {
		all = append(all, dsp.Part{Preset: a.Name, Strength: 1})
		for _, b := range list {
			s := mix(t, dsp.Part{Preset: a.Name, Strength: 1}, dsp.Part{Preset: b.Name, Strength: 1},
				dsp.Part{Preset: b.Name, Strength: 0.9}, dsp.Part{Preset: b.Name, Strength: 1})
			if err := s.Check(); err != nil {
				t.Errorf("%s and %s: %v", a.Name, b.Name, err)
			}
		}
	}
	s := mix(t, all...)
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}
