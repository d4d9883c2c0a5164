package pool

import "busker/opus"

// MeasureWith is Measure of codecs that are at hand.
func MeasureWith(e opus.Encoder, d opus.Decoder) (Costs, error) { return measure(e, d) }

// Ladder walks the complexity ladder outside of a Pool.
type Ladder struct{ g governor }

func NewLadder(complexity int, fixed bool) *Ladder { return &Ladder{newGovernor(complexity, fixed)} }
func (l *Ladder) Complexity() int                  { return l.g.complexity() }
func (l *Ladder) Observe(load float64) bool        { return l.g.observe(load, governPeriod) }

// SetLoad is what Run does, with a load that was not measured.
func (p *Pool) SetLoad(load float64) { p.setLoad(load) }

// Share is what the pool reserves for a stream.
func (p *Pool) Share() float64 { return p.o.Costs.share(planned, p.o.Cores) }

func CPUClock() func() float64 { return newCPUClock().sinceLast }

// Queue is the waiting queue alone.
type Queue struct {
	q     queue
	turns []*Turn
}

func (q *Queue) Push(deadline int64) {
	t := &Turn{deadline: deadline, arrival: uint64(len(q.turns))}
	q.turns = append(q.turns, t)
	q.q.push(t)
}

// Remove takes out the nth pushed, if it is still there.
func (q *Queue) Remove(n int) bool {
	t := q.turns[n]
	if t.place >= len(q.q) || q.q[t.place] != t {
		return false
	}
	q.q.remove(t)
	return true
}

func (q *Queue) Len() int { return len(q.q) }

func (q *Queue) Pop() (deadline int64, n int) {
	t := q.q.pop()
	return t.deadline, int(t.arrival)
}

const (
	HeldTooLong  = heldTooLong
	GovernPeriod = governPeriod
	Reserved     = reserved
	Calm         = calm
	WatchPeriod  = watchPeriod
)
