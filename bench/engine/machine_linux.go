package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"busker/internal/cores"
)

// tick is the unit of /proc's times of processes.
const tick = 10 * time.Millisecond

// machine is what all processes did that can be seen from here, this one too, since they
// run. The system's own sums are no use: it takes a sample at each of its ticks, and
// senders work in step with those.
type machine struct {
	at   time.Time
	busy time.Duration
}

func readMachine() machine {
	m := machine{at: time.Now()}
	processes, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, name := range processes {
		m.busy += busy(name)
	}
	return m
}

// busy returns the processor time of a process and of its children that have ended.
func busy(name string) (sum time.Duration) {
	data, err := os.ReadFile(name)
	if err != nil { // it ended just now
		return 0
	}
	// pid (name) state … utime stime cutime cstime are the 14th to 17th.
	_, rest, _ := strings.Cut(string(data[bytes.LastIndexByte(data, ')')+1:]), " ")
	fields := strings.Fields(rest)
	for i := 11; i < 15 && i < len(fields); i++ {
		n, _ := strconv.ParseInt(fields[i], 10, 64) // the kernel writes numbers
		sum += time.Duration(n) * tick
	}
	return sum
}

// others returns what share of the cores others than this process had since before.
func (m machine) others(before machine, own time.Duration) float64 {
	wall := m.at.Sub(before.at) * time.Duration(cores.Count())
	if wall <= 0 || m.busy == 0 {
		return -1
	}
	return max(0, float64(m.busy-before.busy-own)/float64(wall))
}

func processorTime() (all, system time.Duration) {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0, 0
	}
	system = time.Duration(r.Stime.Nano())
	return time.Duration(r.Utime.Nano()) + system, system
}

func residentBytes() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
