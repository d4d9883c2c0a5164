package pool

import "math"

// sample is what was used in one governPeriod, in nanoseconds.
type sample struct{ busy, elapsed int64 }

// gauge keeps the load of the last second.
type gauge struct {
	samples [loadWindows]sample
	cpu     [loadWindows]float64
	next    int
	busy    int64 // Pool.busy at the last sample
	at      int64 // instant of the last sample
}

// add takes the next sample and returns the load over those kept: the share of the time
// that tokens were held, or of the cores this process used if that is more (senders and
// the garbage collector use them too).
func (g *gauge) add(busy, now int64, cores int, cpu float64) (load float64) {
	g.samples[g.next] = sample{busy - g.busy, now - g.at}
	g.cpu[g.next] = cpu
	g.busy, g.at = busy, now
	g.next = (g.next + 1) % loadWindows
	var held, elapsed int64
	var used float64
	for i, s := range g.samples {
		held += s.busy
		elapsed += s.elapsed
		used += g.cpu[i] * float64(s.elapsed)
	}
	if elapsed <= 0 {
		return 0
	}
	return max(float64(held)/float64(cores), used/float64(cores)) / float64(elapsed)
}

// forget drops what was measured: encoders cost something else now.
func (g *gauge) forget() { g.samples = [loadWindows]sample{} }

// beginGauge lets the first sample begin now: Run may come long after New.
func (p *Pool) beginGauge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.account(p.now())
	p.gauge = gauge{busy: p.busy, at: p.busyAt}
}

// govern measures the load and follows it. used is how many cores the process used
// since the last call.
func (p *Pool) govern(used float64) {
	p.mu.Lock()
	now := p.now()
	p.account(now)
	load := p.gauge.add(p.busy, now, p.o.Cores, used)
	if p.governor.observe(load, governPeriod) {
		p.gauge.forget()
		p.complexity.Store(int32(p.governor.complexity()))
	}
	p.mu.Unlock()
	p.setLoad(load)
	p.report()
}

func (p *Pool) setLoad(load float64) { p.load.Store(math.Float64bits(load)) }

func (p *Pool) measured() float64 { return math.Float64frombits(p.load.Load()) }
