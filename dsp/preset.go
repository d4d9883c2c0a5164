package dsp

// Preset is a named sound.
type Preset struct {
	Name  string // "bassboost"
	Title string // "Bass boost"
	About string // one sentence for people
}

// Presets returns all presets, in the order people should see them.
func Presets() []Preset { return nil }

// Part is a preset at a strength of 0..1.
type Part struct {
	Preset   string
	Strength float64
}

// Mix combines presets into Settings; a preset that does not exist or a strength out of
// range is a fault.Invalid.
func Mix(parts ...Part) (Settings, error) { return Settings{}, nil }
