package dsp_test

import (
	"fmt"

	"busker/audio"
	"busker/dsp"
)

// Presets make Settings, and a Chain applies them to a stream of blocks.
func Example() {
	s, err := dsp.Mix(
		dsp.Part{Preset: "nightcore", Strength: 0.5},
		dsp.Part{Preset: "bassboost", Strength: 0.8},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Active())

	chain := dsp.NewChain(s)
	var in, out audio.Block
	frames := 0
	for range 100 {
		chain.Push(&in)
		for chain.Pull(&out) {
			frames++
		}
	}
	for chain.Drain(&out) {
		frames++
	}
	fmt.Println(frames, "frames of 100 are left at this speed")
	// Output:
	// [timescale bassBoost]
	// 90 frames of 100 are left at this speed
}
