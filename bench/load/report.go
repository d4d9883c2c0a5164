package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"busker/audio"
	"busker/internal/cores"
)

// heard is what all listeners heard together.
type heard struct {
	packets, lost, gaps, plain, early, undecryptable, undecodable int64
	quiet                                                         int // guilds that hear nothing
	worst                                                         time.Duration
	violations                                                    int
}

// heard sums up what the listeners report.
func (t *town) heard() (h heard) {
	for _, r := range t.rooms {
		p := r.ears.Report()
		h.packets += p.Packets
		h.lost += p.Lost
		h.gaps += int64(p.GapCount)
		h.plain += p.Plain
		h.early += p.TooEarly
		h.undecryptable += p.Undecryptable
		h.undecodable += p.Undecodable
		if time.Since(p.Last) > time.Second {
			h.quiet++
		}
		h.worst = max(h.worst, p.Deviation.P99)
	}
	h.violations = len(t.local.VoiceServer().Violations())
	return h
}

func (h heard) minus(b heard) heard {
	h.packets -= b.packets
	h.lost -= b.lost
	h.gaps -= b.gaps
	h.plain -= b.plain
	h.early -= b.early
	h.undecryptable -= b.undecryptable
	h.undecodable -= b.undecodable
	h.violations -= b.violations
	return h
}

// tell prints the result and reports whether it is clean.
func tell(o options, idle, used usage, h heard, t *town) bool {
	wall := time.Since(used.at)
	want := float64(o.guilds) * wall.Seconds() * float64(audio.FramesPerSecond)
	p50, p99, p999 := lateness(used.metrics)
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	row := func(what string, value ...any) { _, _ = fmt.Fprintf(w, "%s\t%s\n", what, fmt.Sprint(value...)) }
	row("guilds", o.guilds, " × ", o.kind, " on ", cores.Count(), " cores, ", len(t.rooms), " listeners")
	row("packets opened and checked", h.packets, fmt.Sprintf(" (%.2f %% of what was due)", 100*float64(h.packets)/want))
	row("lost / in the clear / not to be decrypted / damaged", h.lost, " / ", h.plain, " / ", h.early+h.undecryptable, " / ", h.undecodable)
	row("gaps", h.gaps)
	row("guilds that hear nothing", h.quiet)
	row("rules broken", h.violations)
	row("send lateness p50 / p99 / p99.9", fmt.Sprintf("%.2f / %.2f / %.2f ms", p50, p99, p999))
	row("CPU of the bot", fmt.Sprintf("%.1f %% of one core, %.1f µs per packet", 100*used.cpu.Seconds()/wall.Seconds(),
		float64(used.cpu.Microseconds())/math.Max(1, float64(h.packets))))
	row("memory of the bot", fmt.Sprintf("%d MiB before the first guild played, %d MiB now: %d KiB per guild",
		idle.rss>>20, used.rss>>20, (used.rss-idle.rss)>>10/int64(max(1, o.guilds))))
	for i, v := range t.local.VoiceServer().Violations() {
		if i < 10 {
			row("broken", v)
		}
	}
	_ = w.Flush()
	return h.lost+h.gaps+h.plain+h.early+h.undecryptable+h.undecodable == 0 && h.quiet == 0 && h.violations == 0
}

// lateness returns quantiles of the send lateness in milliseconds, by the bounds of the
// histogram's buckets.
func lateness(metrics map[string]float64) (p50, p99, p999 float64) {
	const name = "busker_voice_send_lateness_seconds_bucket{le=\""
	type bucket struct{ le, count float64 }
	var buckets []bucket
	for k := range maps.Keys(metrics) {
		if rest, ok := strings.CutPrefix(k, name); ok {
			if le, err := strconv.ParseFloat(strings.TrimSuffix(rest, "\"}"), 64); err == nil {
				buckets = append(buckets, bucket{le, metrics[k]})
			}
		}
	}
	slices.SortFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.le, b.le) })
	at := func(q float64) float64 {
		for _, b := range buckets {
			if b.count >= q*buckets[len(buckets)-1].count {
				return 1000 * b.le
			}
		}
		return math.NaN()
	}
	return at(0.5), at(0.99), at(0.999)
}
