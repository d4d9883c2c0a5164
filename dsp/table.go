package dsp

import (
	"sync"

	"busker/audio"
)

// table is what all streams of a rate share: a plan or, where there is none, a
// kernel. It does not change once made.
type table struct {
	up, down int // output rate : input rate, in lowest terms
	plan     *plan
	kernel   *kernel
}

// common are the rates whose tables stay in memory once used: a set of known size,
// whatever rates the files of the world claim.
var common = func() map[int]func() *table {
	m := make(map[int]func() *table)
	for _, rate := range []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 64000, 88200, 96000, 176400, 192000} {
		m[rate] = sync.OnceValue(func() *table { return newTable(rate) })
	}
	return m
}()

func tableFor(from int) *table {
	if t, ok := common[from]; ok {
		return t()
	}
	return newTable(from)
}

func newTable(from int) *table {
	g := gcd(from, audio.SampleRate)
	t := &table{up: audio.SampleRate / g, down: from / g}
	if t.plan = newPlan(t.up, t.down); t.plan == nil {
		t.kernel = newKernel(from)
	}
	return t
}

func (t *table) converter(channels int) converter {
	if t.plan != nil {
		return newSpectral(t.plan, channels)
	}
	return newPolyphase(t.kernel, t.up, t.down, channels)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
