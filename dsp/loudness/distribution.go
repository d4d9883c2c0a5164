package loudness

import "math"

const (
	// bins is how many there are from silence to loudest, and perUnit how many in one LU.
	bins    = (loudest - silence) * perUnit
	perUnit = 50
	// loudest is where the last bin ends, in LUFS: above a square wave on both sides.
	loudest = 10
)

// powers holds the power in the middle of every bin.
var powers = func() (p [bins]float64) {
	for i := range p {
		p[i] = math.Pow(10, (silence+(float64(i)+0.5)/perUnit-offset)/10)
	}
	return p
}()

// distribution counts gating blocks by their loudness, in bins of 0.02 LU: the mean of
// any of them is known within half of that, and the gates lie where bins meet.
type distribution struct {
	counts [bins]uint32
	sum    float64 // exact, of the powers of all blocks
	blocks int
	fresh  bool // the answer below still holds
	answer float64
}

// add counts a block, unless it is below the absolute gate.
func (d *distribution) add(power float64) {
	l := offset + 10*math.Log10(power)
	if !(l > silence) {
		return
	}
	i := min(int((l-silence)*perUnit), bins-1)
	d.counts[i]++
	d.sum += min(power, powers[bins-1])
	d.blocks++
	d.fresh = false
}

// gated is the mean power of the blocks above the relative gate.
func (d *distribution) gated() (power float64, ok bool) {
	if d.blocks == 0 {
		return 0, false
	}
	if !d.fresh {
		gate := offset + 10*math.Log10(d.sum/float64(d.blocks)) + relative
		d.answer, d.fresh = d.mean(gate), true
	}
	return d.answer, true
}

func (d *distribution) mean(gate float64) float64 {
	first := min(max(0, int(math.Round((gate-silence)*perUnit))), bins-1)
	sum, blocks := 0.0, 0.0
	for i := first; i < bins; i++ {
		if n := float64(d.counts[i]); n > 0 {
			sum += n * powers[i]
			blocks += n
		}
	}
	if blocks == 0 {
		return d.sum / float64(d.blocks)
	}
	return sum / blocks
}
