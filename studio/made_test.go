package studio_test

import (
	"testing"

	"busker/audio"
	"busker/dsp"
	"busker/studio"
)

// TestOneReaderIsTheReasonOfTheWork: the first who asks for a take or a press costs
// something, the others next to nothing.
func TestOneReaderIsTheReasonOfTheWork(t *testing.T) {
	loud := studio.How{Settings: dsp.Settings{Volume: 2}, Bitrate: 96000}
	for _, tt := range []struct {
		name string
		open func(*rig) audio.Reader
	}{
		{"a take", func(r *rig) audio.Reader { return r.open(song, 0) }},
		{"a press", func(r *rig) audio.Reader { return r.openAs(station, 0, loud) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				for i := range 3 {
					reader := tt.open(r)
					defer reader.Close()
					here, first := reader.(interface{ Made() (bool, bool) }).Made()
					if !here || first != (i == 0) {
						t.Errorf("reader %d: made here %v, the first %v", i, here, first)
					}
				}
			})
		})
	}
}
