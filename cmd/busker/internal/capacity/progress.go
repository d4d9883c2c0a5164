package capacity

import (
	"fmt"
	"io"
	"strings"

	"busker/bench/engine"
)

// progress says what is being measured: on a terminal in one line per kind, elsewhere in
// one line per step.
type progress struct {
	out      io.Writer
	terminal bool
	kind     string
	width    int // of what the line shows
}

func newProgress(o Options) *progress {
	return &progress{out: o.Progress, terminal: o.Terminal}
}

func (p *progress) begin(k engine.Kind) {
	p.kind = k.Name
	p.show(fmt.Sprintf("%-12s begins", k.Name))
}

func (p *progress) step(r engine.Result) {
	verdict := "clean"
	if !r.Clean() {
		verdict = fmt.Sprintf("%d packets missing, %d underruns, %d slots skipped", r.Missing, r.Underruns, r.Skipped)
	}
	p.show(fmt.Sprintf("%-12s %5d streams  %3.0f %% busy  p99 %5.1f ms late  %s", p.kind, r.Guilds, 100*r.Busy(), ms(r.LatenessP99), verdict))
}

func (p *progress) show(text string) {
	if !p.terminal {
		_, _ = fmt.Fprintln(p.out, text) // nobody is told when nobody listens
		return
	}
	_, _ = fmt.Fprint(p.out, "\r", text, strings.Repeat(" ", max(0, p.width-len(text))))
	p.width = len(text)
}

// done ends the line.
func (p *progress) done() {
	if p.terminal && p.width > 0 {
		_, _ = fmt.Fprintln(p.out)
		p.width = 0
	}
}
