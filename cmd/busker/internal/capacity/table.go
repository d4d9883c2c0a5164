package capacity

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"busker/bench/engine"
	"busker/internal/cores"
)

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// table prints what people want to know.
func (o *Options) table(m Machine, rows []engine.Found) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nBusker %s on %d cores%s, %s, encoder %s\n\n", m.Version, m.Cores, named(m.CPU), m.System, m.Encoder)
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	carries := "carries"
	if o.Guilds > 0 {
		carries = "plays"
	}
	_, _ = fmt.Fprintf(w, "each stream\t%s\tprocessor\tlate p50 / p99 / p99.9\tmemory\twhat limits it\n", carries)
	var crowded float64
	for _, r := range rows {
		if r.Limit == 0 { // not even the first were clean
			r.Usual = r.Last
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%.1f / %.1f / %.1f ms\t%s\t%s\n", r.Kind.About, r.Limit,
			micros(r.Last.PerPacket()), ms(r.Usual.LatenessP50), ms(r.Usual.LatenessP99), ms(r.Usual.LatenessP999),
			memory(r.Usual), limits(r))
		crowded = max(crowded, r.Last.Others)
	}
	_ = w.Flush() // into memory
	b.WriteString("\n")
	if o.Guilds == 0 {
		b.WriteString("Carries: playing at once without a packet missing; plan with 85 % of it, where lateness and memory\nwere measured. ")
	}
	b.WriteString("Processor: time per packet of 20 ms, everything included. Memory: of the process.\n")
	if crowded > 0.05 {
		fmt.Fprintf(&b, "Other programs took up to %.0f %% of the processor meanwhile: alone, this machine carries more.\n", 100*crowded)
	}
	_, err := io.WriteString(o.Out, b.String())
	return err
}

func named(cpu string) string {
	if cpu == "" {
		return ""
	}
	return " (" + cpu + ")"
}

func micros(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d.Nanoseconds())/1000) }

func memory(r engine.Result) string {
	if r.RSS == 0 {
		return fmt.Sprintf("%d MiB of Go", r.Heap>>20)
	}
	return fmt.Sprintf("%d MiB", r.RSS>>20)
}

// limits says in words what a kind came to its end with.
func limits(f engine.Found) string {
	r := f.Last
	if f.Beyond.Guilds > 0 {
		r = f.Beyond
	}
	available := r.Wall.Seconds() * float64(cores.Count())
	codecs := r.Computed.Seconds() / available
	kernel := r.System.Seconds() / available
	switch {
	case f.Beyond.Guilds == 0 && !r.Clean():
		return fmt.Sprintf("too much: %d packets missing, %d underruns, %d slots skipped", r.Missing, r.Underruns, r.Skipped)
	case f.Alone.Guilds == 0: // a load that was asked for
		return "nothing: every packet went"
	case f.Open:
		return "nothing yet: no more were tried"
	case r.Busy()+max(0, r.Others) < 0.8 && !r.Clean():
		return fmt.Sprintf("waiting: cores were %.0f %% busy", 100*r.Busy())
	case r.Others > 0.2:
		return fmt.Sprintf("other programs, which took %.0f %% of the cores", 100*r.Others)
	case codecs > 0.5:
		return fmt.Sprintf("cores: %.0f %% codecs and filters, %.0f %% network", 100*codecs, 100*kernel)
	}
	return fmt.Sprintf("cores: %.0f %% the system's network, %.0f %% ours", 100*kernel, 100*(r.Busy()-kernel))
}

// processor is the processor's name where the system tells it.
func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo") // not there: not known
	for line := range strings.Lines(string(data)) {
		if key, name, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// writeJSON prints everything, for programs.
func writeJSON(w io.Writer, m Machine, rows []engine.Found) error {
	type row struct {
		Kind                       string
		Limit                      int
		Alone, Last, Beyond, Usual engine.Result
	}
	out := struct {
		Machine Machine
		Rows    []row
	}{Machine: m}
	for _, r := range rows {
		out.Rows = append(out.Rows, row{r.Kind.Name, r.Limit, r.Alone, r.Last, r.Beyond, r.Usual})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
