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

// halves are lanes in two registers.
type halves struct{ lo, hi archsimd.Float32x8 }

func (l *lanes) load() halves {
	return halves{archsimd.LoadFloat32x8Slice(l[:8]), archsimd.LoadFloat32x8Slice(l[8:])}
}

func (l *lanes) store(h halves) {
	h.lo.StoreSlice(l[:8])
	h.hi.StoreSlice(l[8:])
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
	p.run(b, &d, weight, step)
}

func (p *vectorBank) weigh(from, to *weights) (weight, step lanes) {
	for i := range from {
		weight[i] = float32(from[i])
		step[i] = float32((to[i] - from[i]) / float64(audio.FrameSamples))
	}
	return weight, step
}

// run adds the bands' outputs for d to b.
func (p *vectorBank) run(b, d *audio.Block, weight, step lanes) {
	w, s, beta, c := weight.load(), step.load(), p.beta.load(), p.c.load()
	yl, vl, yr, vr := p.y[0].load(), p.v[0].load(), p.y[1].load(), p.v[1].load()
	for i := 0; i < len(b)-1; i += 2 {
		w.lo, w.hi = w.lo.Add(s.lo), w.hi.Add(s.hi)
		l, r := archsimd.BroadcastFloat32x8(d[i]), archsimd.BroadcastFloat32x8(d[i+1])
		vl.lo = beta.lo.MulAdd(vl.lo, l.Sub(c.lo.Mul(yl.lo)))
		vl.hi = beta.hi.MulAdd(vl.hi, l.Sub(c.hi.Mul(yl.hi)))
		vr.lo = beta.lo.MulAdd(vr.lo, r.Sub(c.lo.Mul(yr.lo)))
		vr.hi = beta.hi.MulAdd(vr.hi, r.Sub(c.hi.Mul(yr.hi)))
		yl.lo, yl.hi = yl.lo.Add(vl.lo), yl.hi.Add(vl.hi)
		yr.lo, yr.hi = yr.lo.Add(vr.lo), yr.hi.Add(vr.hi)
		left := w.lo.MulAdd(yl.lo, w.hi.Mul(yl.hi))
		right := w.lo.MulAdd(yr.lo, w.hi.Mul(yr.hi))
		both := left.AddPairsGrouped(right)
		sum := both.GetLo().Add(both.GetHi())
		sum = sum.AddPairs(sum)
		b[i] += sum.GetElem(0)
		b[i+1] += sum.GetElem(1)
	}
	p.y[0].store(yl)
	p.v[0].store(vl)
	p.y[1].store(yr)
	p.v[1].store(vr)
	archsimd.ClearAVXUpperBits()
}
