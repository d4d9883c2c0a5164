package player

import (
	"time"

	"busker/audio"
)

// jobFrames is how many frames are made with one turn on a core: so few that nobody
// waits long for it, so many that an encoder's state is worth fetching.
const jobFrames = 8

// work waits for room in the Output and fills it, in one job. It reports whether there
// was anything to do; the order is the one that holds from then on: the same, unless
// the Output failed.
func (p *pump) work(turn order) (next order, worked bool) {
	if p.paused || p.window.next == p.window.end && !p.promising() || p.news() {
		return turn, false
	}
	room, err := p.out.Await(turn.turn)
	if err != nil {
		return p.failed(turn, err), true
	}
	p.report()
	n := p.job(turn, min(p.wanted(room), jobFrames))
	next = p.send(turn, n)
	p.show()
	return next, n > 0
}

// wanted returns how many of the packets that fit are put into the Output. Where sound
// is made a tenth of the ring stays empty: a filter that comes on takes two frames more to
// be heard than the ring lasts.
func (p *pump) wanted(room int) int {
	if p.making {
		room -= int(p.ring) / 10
	}
	return max(room, 1)
}

// promising reports that frames can be made, as far as that can be seen without trying.
func (p *pump) promising() bool {
	s := p.source()
	if s == nil || p.gathering(s) {
		return false
	}
	count, over := s.reel.left()
	return count > 0 || over || p.pulling
}

// job puts up to n packets into the batch and returns how many.
func (p *pump) job(turn order, n int) (done int) {
	defer p.endTurn(&done)
	if p.pool != nil {
		p.coder.setComplexity(p.pool.Complexity())
		p.pool.StandBack() // who only passes packets on takes no turn
	}
	for ; done < n; done++ {
		number := p.window.next + int64(done)
		if number == p.window.end && !p.makeFrame(turn) {
			return done
		}
		if done == 0 {
			p.warm()
		}
		p.batch[done] = p.outgoing(turn, number)
	}
	return done
}

// warm begins a ramp where listeners have heard silence, or another place. A ramp costs
// what thirty packets cost that are passed through: where cores are short already, the
// silence would become many, and they would keep each other short.
func (p *pump) warm() {
	n := p.window.next
	if !p.window.at(n).cut && !p.quiet() {
		return
	}
	strained := p.pool != nil && p.pool.Strained()
	if n == 0 || strained || p.window.at(n).fresh || n > p.window.oldest() && p.window.at(n-1).segment == nil {
		return
	}
	p.ramp.left = rampFrames
}

// quiet reports that the Output has had nothing to send for a while.
func (p *pump) quiet() bool {
	return !p.quietSince.IsZero() && p.out.Sent() == p.quietSent && p.sent() >= p.window.next &&
		time.Since(p.quietSince) >= audio.FrameTime
}

// begin takes a turn on a core, if the pump has none. It fails only with the order.
func (p *pump) begin(turn order) bool {
	if p.turn == nil || p.inTurn {
		return true
	}
	p.inTurn = p.turn.Begin(turn.turn, p.due()) == nil
	return p.inTurn
}

func (p *pump) endTurn(frames *int) {
	if p.inTurn {
		p.inTurn = false
		p.turn.End(*frames)
	}
}

// outgoing returns a packet of frame n to send.
func (p *pump) outgoing(turn order, n int64) *audio.Packet {
	if p.ramp.left > 0 && p.begin(turn) {
		if packet := p.ramped(turn, n); packet != nil {
			return packet
		}
	}
	packet := audio.NewPacket()
	packet.Set(p.window.at(n).packet.Bytes())
	return packet
}

// send hands the first n packets of the batch to the Output.
func (p *pump) send(turn order, n int) order {
	for i := range n {
		packet := p.batch[i]
		p.batch[i] = nil
		if err := p.out.Send(packet); err != nil {
			for j := i + 1; j < n; j++ {
				p.batch[j].Release()
				p.batch[j] = nil
			}
			return p.failed(turn, err)
		}
		p.window.next++
		p.handed.Store(p.window.next)
	}
	if n > 0 {
		p.patient()
		p.still = time.Time{}
		p.metrics.frames.Add(float64(n))
	}
	return turn
}

// failed says that the Output took nothing, unless that is for want of a turn.
func (p *pump) failed(turn order, err error) order {
	p.endRamp()
	if turn.turn.Err() != nil {
		return turn
	}
	p.post(outputFailed{turn.no, err})
	return order{turn: turn.turn} // no right to send: wait for an order
}
