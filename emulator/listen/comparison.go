package listen

import (
	"errors"
	"io"
	"math"

	"busker/audio"
)

// moments are the sums a correlation is made of: x got, y reference.
type moments struct{ xx, yy, xy float64 }

func (m *moments) add(x, y float32) {
	m.xx += float64(x) * float64(x)
	m.yy += float64(y) * float64(y)
	m.xy += float64(x) * float64(y)
}

func (m moments) plus(o moments) moments { return moments{m.xx + o.xx, m.yy + o.yy, m.xy + o.xy} }

// coefficient is 1 for equal shapes; two silences are equal too.
func (m moments) coefficient() float64 {
	if m.xx == 0 && m.yy == 0 {
		return 1
	}
	if m.xx == 0 || m.yy == 0 {
		return 0
	}
	return m.xy / math.Sqrt(m.xx*m.yy)
}

func (m moments) level() float64 {
	if m.xx == 0 && m.yy == 0 {
		return 0
	}
	return decibels(m.xx / m.yy)
}

// comparison sums two aligned streams up, whole and second by second.
type comparison struct {
	from   int64 // position of the first sample in the recording
	total  [audio.Channels]moments
	second moments
	pairs  int64
	worst  struct {
		found       bool
		coefficient float64
		at          int64
	}
}

// run reads both to the end, comparing while both last.
func (c *comparison) run(got, reference *stream) error {
	for {
		x, err := got.next(audio.FrameSamples)
		if err != nil {
			return err
		}
		y, err := reference.next(audio.FrameSamples)
		if err != nil {
			return err
		}
		if len(x) == 0 && len(y) == 0 {
			return nil
		}
		n := min(len(x), len(y))
		c.add(x[:n], y[:n])
	}
}

func (c *comparison) add(x, y []float32) {
	for i := 0; i < len(x); i += audio.Channels {
		for ch := range audio.Channels {
			c.total[ch].add(x[i+ch], y[i+ch])
			c.second.add(x[i+ch], y[i+ch])
		}
		if c.pairs++; c.pairs%audio.SampleRate == 0 {
			c.closeSecond()
		}
	}
}

// closeSecond takes the second just summed up into account if it is audible.
func (c *comparison) closeSecond() {
	loud := c.second.yy/(audio.Channels*audio.SampleRate) > audible
	r := c.second.coefficient()
	if loud && (!c.worst.found || r < c.worst.coefficient) {
		c.worst.found, c.worst.coefficient, c.worst.at = true, r, c.from+c.pairs-audio.SampleRate
	}
	c.second = moments{}
}

func (c *comparison) result() Similarity {
	both := c.total[0].plus(c.total[1])
	s := Similarity{
		Coefficient: both.coefficient(),
		Worst:       both.coefficient(),
		Overlap:     audio.SamplesDuration(c.pairs),
	}
	for ch, m := range c.total {
		s.Channel[ch], s.Level[ch] = m.coefficient(), m.level()
	}
	if c.worst.found {
		s.Worst, s.WorstAt = c.worst.coefficient, audio.SamplesDuration(c.worst.at)
	}
	return s
}

// stream is an audio.Reader that can be looked into before it is read.
type stream struct {
	from  audio.Reader
	ahead []float32 // read and not yet consumed
	read  int64     // samples per channel read so far
	ended bool
	block audio.Block
}

// fill reads until n samples per channel are ahead or the end has come.
func (s *stream) fill(n int) error {
	for len(s.ahead) < n*audio.Channels && !s.ended {
		err := s.from.ReadBlock(&s.block)
		if errors.Is(err, io.EOF) {
			s.ended = true
			return nil
		}
		if err != nil {
			return err
		}
		s.ahead = append(s.ahead, s.block[:]...)
		s.read += frameSamples
	}
	return nil
}

// peek returns up to n samples per channel that begin at, without consuming them.
func (s *stream) peek(at, n int) ([]float32, error) {
	if err := s.fill(at + n); err != nil {
		return nil, err
	}
	from := min(at*audio.Channels, len(s.ahead))
	return s.ahead[from:min((at+n)*audio.Channels, len(s.ahead))], nil
}

// next consumes up to n samples per channel; none are left at the end. The
// result is valid until the next call.
func (s *stream) next(n int) ([]float32, error) {
	if err := s.fill(n); err != nil {
		return nil, err
	}
	pcm := s.ahead[:min(n*audio.Channels, len(s.ahead))]
	s.ahead = s.ahead[len(pcm):]
	return pcm, nil
}

func (s *stream) skip(n int) error {
	_, err := s.next(n)
	return err
}
