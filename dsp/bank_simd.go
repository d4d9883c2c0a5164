//go:build goexperiment.simd && amd64

package dsp

import (
	"simd/archsimd"

	"busker/audio"
)

func newBank() bank {
	if archsimd.X86.AVX2() && archsimd.X86.FMA() {
		return newVectorBank()
	}
	return newPlainBank()
}

// lanes holds one number per band; the sixteenth is always 0.
type lanes [16]float32

func (l *lanes) load() (lo, hi archsimd.Float32x8) {
	return archsimd.LoadFloat32x8Slice(l[:8]), archsimd.LoadFloat32x8Slice(l[8:])
}

func (l *lanes) store(lo, hi archsimd.Float32x8) {
	lo.StoreSlice(l[:8])
	hi.StoreSlice(l[8:])
}

// vectorBank is the bank with a band per lane. float32 holds neither gamma near 2 nor
// the small differences of the lowest bands, so it works with those instead: v[n] is
// y[n]-y[n-1],
//
//	v[n] = beta*v[n-1] + d[n] - c*y[n-1]    c = 1-gamma+beta
//	y[n] = y[n-1] + v[n]
//
// which is the same filter, with a rounding error of 1e-6 instead of 1e-2.
type vectorBank struct {
	beta, c lanes
	input   [2 * audio.Channels]float32 // the last two frames of the last block
	y, v    [audio.Channels]lanes
}

func newVectorBank() *vectorBank {
	b := &vectorBank{}
	for i, p := range bandPasses {
		b.beta[i], b.c[i] = float32(p.beta), float32(1-p.gamma+p.beta)
	}
	return b
}

func (p *vectorBank) reset() {
	clear(p.input[:])
	clear(p.y[:])
	clear(p.v[:])
}

func (p *vectorBank) settle() {
	for ch := range p.y {
		for i := range p.y[ch] {
			settle32(&p.y[ch][i])
			settle32(&p.v[ch][i])
		}
	}
	for i := range p.input {
		settle32(&p.input[i])
	}
}

func settle32(s *float32) {
	if v := *s; !(v > inaudible && v < 1/inaudible || v < -inaudible && v > -1/inaudible) {
		*s = 0
	}
}

func (p *vectorBank) add(b *audio.Block, from, to *weights) {
	p.clearUnheard(from)
	weight, step := p.weigh(from, to)
	last := p.input
	copy(p.input[:], b[len(b)-len(p.input):])
	var d audio.Block
	copy(d[:4], b[:4])
	for i, v := range last {
		d[i] -= v
	}
	for i := 4; i < len(b); i++ {
		d[i] = b[i] - b[i-4]
	}
	p.run(b, &d, &weight, &step)
}

// clearUnheard lets bands that come on begin anew, as those of the plain bank do.
func (p *vectorBank) clearUnheard(from *weights) {
	for i := range p.beta {
		if i >= Bands || from[i] == 0 {
			p.y[0][i], p.y[1][i], p.v[0][i], p.v[1][i] = 0, 0, 0, 0
		}
	}
}

func (p *vectorBank) weigh(from, to *weights) (weight, step lanes) {
	for i := range from {
		weight[i] = float32(from[i])
		step[i] = float32((to[i] - from[i]) / float64(audio.FrameSamples))
	}
	return weight, step
}

// run adds the bands' outputs for d to b, two frames a turn, so that all of it stays in
// the vector registers.
func (p *vectorBank) run(b, d *audio.Block, weight, step *lanes) {
	w0, w1 := weight.load()
	s0, s1 := step.load()
	beta0, beta1 := p.beta.load()
	c0, c1 := p.c.load()
	l0, l1 := p.y[0].load()
	r0, r1 := p.y[1].load()
	vl0, vl1 := p.v[0].load()
	vr0, vr1 := p.v[1].load()
	e0, e1 := archsimd.BroadcastUint32x8(0), archsimd.BroadcastUint32x8(1)
	e2, e3 := archsimd.BroadcastUint32x8(2), archsimd.BroadcastUint32x8(3)
	var in archsimd.Float32x8
	for i := 0; i < len(b)-3; i += 4 {
		in = in.SetLo(archsimd.LoadFloat32x4Slice(d[i : i+4]))

		left, right := in.Permute(e0), in.Permute(e1)
		vl0 = beta0.MulAdd(vl0, left.Sub(c0.Mul(l0)))
		vl1 = beta1.MulAdd(vl1, left.Sub(c1.Mul(l1)))
		vr0 = beta0.MulAdd(vr0, right.Sub(c0.Mul(r0)))
		vr1 = beta1.MulAdd(vr1, right.Sub(c1.Mul(r1)))
		l0, l1, r0, r1 = l0.Add(vl0), l1.Add(vl1), r0.Add(vr0), r1.Add(vr1)
		w0, w1 = w0.Add(s0), w1.Add(s1)
		first := w0.MulAdd(l0, w1.Mul(l1)).AddPairsGrouped(w0.MulAdd(r0, w1.Mul(r1)))

		left, right = in.Permute(e2), in.Permute(e3)
		vl0 = beta0.MulAdd(vl0, left.Sub(c0.Mul(l0)))
		vl1 = beta1.MulAdd(vl1, left.Sub(c1.Mul(l1)))
		vr0 = beta0.MulAdd(vr0, right.Sub(c0.Mul(r0)))
		vr1 = beta1.MulAdd(vr1, right.Sub(c1.Mul(r1)))
		l0, l1, r0, r1 = l0.Add(vl0), l1.Add(vl1), r0.Add(vr0), r1.Add(vr1)
		w0, w1 = w0.Add(s0), w1.Add(s1)
		second := w0.MulAdd(l0, w1.Mul(l1)).AddPairsGrouped(w0.MulAdd(r0, w1.Mul(r1)))

		// Each is l01 l23 r01 r23 | l45 l67 r45 r67.
		out := first.GetLo().Add(first.GetHi()).AddPairs(second.GetLo().Add(second.GetHi()))
		out.Add(archsimd.LoadFloat32x4Slice(b[i : i+4])).StoreSlice(b[i : i+4])
	}
	p.y[0].store(l0, l1)
	p.y[1].store(r0, r1)
	p.v[0].store(vl0, vl1)
	p.v[1].store(vr0, vr1)
	archsimd.ClearAVXUpperBits()
}
