package app_test

import (
	"bufio"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has used until a moment, as Linux and its own metrics say.
type usage struct {
	at    time.Time
	cpu   time.Duration // user and system
	rss   int           // bytes now
	peak  int           // bytes at most
	calls map[string]float64
}

// clockTick is the unit of /proc/PID/stat: USER_HZ is 100 on every Linux.
const clockTick = 10 * time.Millisecond

// usageOf looks at a process; metrics is where it tells them, "" = nowhere.
func (b *band) usageOf(pid int, metrics string) usage {
	b.Helper()
	u := usage{at: time.Now(), calls: map[string]float64{}}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("there is no /proc to measure with: %v", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	for _, field := range fields[11:13] {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		u.cpu += time.Duration(ticks) * clockTick
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		for name, field := range map[string]*int{"VmRSS:": &u.rss, "VmHWM:": &u.peak} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
				if err != nil {
					b.Fatal(err)
				}
				*field = kilobytes << 10
			}
		}
	}
	if metrics != "" {
		b.readCalls(metrics, u.calls)
	}
	return u
}

// readCalls reads how often a process has called Redis for what.
func (b *band) readCalls(metrics string, calls map[string]float64) {
	b.Helper()
	r, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), `busker_cluster_call_seconds_count{call="`)
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, `"`)
		n, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			b.Fatal(err)
		}
		calls[name] += n
	}
}

// redisUsage is how often Redis was asked for what, and what that took.
func (b *band) redisUsage() usage {
	b.Helper()
	info, _ := b.redis.Do("INFO", "everything").(string)
	field := func(name string) string {
		_, rest, _ := strings.Cut(info, "\n"+name+":")
		value, _, _ := strings.Cut(rest, "\r")
		return value
	}
	pid, err := strconv.Atoi(field("process_id"))
	if err != nil {
		b.Fatal(err)
	}
	u := b.usageOf(pid, "")
	u.rss, _ = strconv.Atoi(field("used_memory"))
	for line := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(line, "cmdstat_"); ok {
			name, rest, _ := strings.Cut(rest, ":calls=")
			n, _, _ := strings.Cut(rest, ",")
			u.calls[name], _ = strconv.ParseFloat(n, 64)
		}
	}
	return u
}

// since tells what was used since an earlier moment.
func (u usage) since(before usage) string {
	took := u.at.Sub(before.at).Seconds()
	return fmt.Sprintf("%.2f %% of a core, %s", 100*(u.cpu-before.cpu).Seconds()/took, u.callsSince(before))
}

func (u usage) callsSince(before usage) string {
	took, all := u.at.Sub(before.at).Seconds(), 0.0
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(u.calls)) {
		if n := u.calls[name] - before.calls[name]; n > 0 {
			all += n
			parts = append(parts, fmt.Sprintf("%s %.1f", name, n/took))
		}
	}
	return fmt.Sprintf("%.1f calls/s (%s)", all/took, strings.Join(parts, ", "))
}

func megabytes(n int) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

func kilobytes(n float64) string { return fmt.Sprintf("%.1f kB", n/(1<<10)) }
