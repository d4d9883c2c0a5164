package encode

import (
	"fmt"
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"busker/audio"
	"busker/opus/dca"
)

// showEvery is how much sound lies between two movements of the bar.
const showEvery = time.Second

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	out        io.Writer
	done, said time.Duration
	began      time.Time
	bars       *mpb.Progress // nil without a terminal
	bar        *mpb.Bar
}

func newProgress(o *Options, total time.Duration) *progress {
	p := &progress{out: o.Progress, began: time.Now()}
	if !o.Terminal || o.Progress == nil {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(o.Progress), mpb.WithAutoRefresh(), mpb.WithWidth(64))
	p.bar = p.bars.AddBar(total.Milliseconds(),
		mpb.PrependDecorators(decor.Name("encoding ")),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			done := time.Duration(s.Current) * time.Millisecond
			speed := done.Seconds() / max(0.001, time.Since(p.began).Seconds())
			if s.Total <= 0 {
				return fmt.Sprintf(" %s · %.0f×", clock(done), speed)
			}
			return fmt.Sprintf(" %s of %s · %.0f×", clock(done), clock(time.Duration(s.Total)*time.Millisecond), speed)
		})))
	return p
}

// clock is d in minutes and seconds.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// add says that so much more of the input was taken.
func (p *progress) add(d time.Duration) {
	p.done += d
	if p.bar != nil && p.done-p.said >= showEvery {
		p.said = p.done
		p.bar.SetCurrent(p.done.Milliseconds())
	}
}

// finish says what came out.
func (p *progress) finish(path string, w *dca.Writer, copied bool, took time.Duration) {
	if p.bar == nil {
		return
	}
	p.bar.SetCurrent(p.done.Milliseconds())
	p.stop()
	length := audio.SamplesDuration(w.Samples())
	what := "encoded"
	if copied {
		what = "copied as it was"
	}
	// To a terminal, which has nothing to say if it is gone.
	_, _ = fmt.Fprintf(p.out, "%s: %s, %.1f MB, %.0f kbit/s, %s in %.1f s\n",
		path, clock(length), float64(w.Bytes())/1e6, float64(w.Bytes())*8/1000/max(0.001, length.Seconds()), what, took.Seconds())
}

// stop leaves the bar as it is.
func (p *progress) stop() {
	if p.bars == nil {
		return
	}
	p.bar.Abort(false)
	p.bars.Wait()
}
