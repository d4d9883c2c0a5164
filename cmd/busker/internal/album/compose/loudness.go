package compose

import "math"

// LoudnessOf measures interleaved stereo at 48 kHz in LUFS.
func LoudnessOf(pcm []float32) float64 {
	left, right := make([]float64, len(pcm)/2), make([]float64, len(pcm)/2)
	for i := range left {
		left[i], right[i] = float64(pcm[2*i]), float64(pcm[2*i+1])
	}
	return loudness(left, right)
}

// loudness is the gated loudness of ITU-R BS.1770-4: K-weighted mean square over
// 400 ms windows every 100 ms, leaving out windows below −70 LUFS and those
// 10 LU below the rest.
func loudness(left, right []float64) float64 {
	const window, hop = Rate * 4 / 10, Rate / 10
	l, r := kWeighted(left), kWeighted(right)
	var powers []float64
	for at := 0; at+window <= len(l); at += hop {
		sum := 0.0
		for i := at; i < at+window; i++ {
			sum += l[i]*l[i] + r[i]*r[i]
		}
		powers = append(powers, sum/window)
	}
	return lufs(gatedMean(powers, lufs(gatedMean(powers, -70))-10))
}

func gatedMean(powers []float64, gate float64) float64 {
	sum, n := 0.0, 0
	for _, p := range powers {
		if lufs(p) > gate {
			sum += p
			n++
		}
	}
	return sum / max(1, float64(n))
}

func lufs(power float64) float64 { return -0.691 + 10*math.Log10(power+1e-12) }

// kWeighted applies the two biquads of BS.1770-4, tables 1 and 2 (48 kHz).
func kWeighted(x []float64) []float64 {
	shelf := biquad(x, 1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585)
	return biquad(shelf, 1, -2, 1, -1.99004745483398, 0.99007225036621)
}

func biquad(x []float64, b0, b1, b2, a1, a2 float64) []float64 {
	y := make([]float64, len(x))
	var z1, z2 float64
	for i, v := range x {
		y[i] = b0*v + z1
		z1 = b1*v - a1*y[i] + z2
		z2 = b2*v - a2*y[i]
	}
	return y
}
