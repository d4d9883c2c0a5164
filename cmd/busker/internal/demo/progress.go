package demo

import (
	"fmt"
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// plainEvery is how much music lies between two lines of progress where there is
// no terminal to draw on.
const plainEvery = 5 * time.Second

// progress shows how much has been heard: a bar on a terminal, lines elsewhere.
type progress struct {
	out   io.Writer
	total time.Duration
	said  time.Duration
	bars  *mpb.Progress // nil without a terminal
	bar   *mpb.Bar
}

func newProgress(out io.Writer, terminal bool, total time.Duration) *progress {
	p := &progress{out: out, total: total}
	if !terminal {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(64))
	p.bar = p.bars.AddBar(total.Milliseconds(),
		mpb.PrependDecorators(decor.Name("listening ")),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			return fmt.Sprintf(" %.1f of %.0f s", float64(s.Current)/1000, float64(s.Total)/1000)
		})))
	return p
}

func (p *progress) set(heard time.Duration) {
	if p.bar != nil {
		p.bar.SetCurrent(min(heard, p.total).Milliseconds())
		return
	}
	if heard-p.said >= plainEvery || heard >= p.total {
		p.said = heard
		say(p.out, "listening: %.0f of %.0f s\n", heard.Seconds(), p.total.Seconds())
	}
}

// done leaves the bar as it is.
func (p *progress) done() {
	if p.bars == nil {
		return
	}
	p.bar.Abort(false)
	p.bars.Wait()
}
