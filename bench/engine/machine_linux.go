package engine

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of /proc/stat.
const tick = 10 * time.Millisecond

// machine is what all cores did since the machine runs.
type machine struct{ busy, idle time.Duration }

func readMachine() (m machine) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	var user, nice, system, idle, iowait, irq, softirq, steal int64
	if _, err := fmt.Sscanf(string(line), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal); err != nil {
		return machine{}
	}
	return machine{busy: time.Duration(user+nice+system+irq+softirq+steal) * tick, idle: time.Duration(idle+iowait) * tick}
}

// others returns what share of the cores others than this process had since before.
func (m machine) others(before machine, own time.Duration) float64 {
	busy, idle := m.busy-before.busy, m.idle-before.idle
	if busy+idle <= 0 {
		return -1
	}
	return max(0, float64(busy-own)/float64(busy+idle))
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
