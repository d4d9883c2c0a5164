//go:build !linux

package engine

import (
	"time"

	"busker/bench"
)

// machine is not known here.
type machine struct{}

func readMachine() machine { return machine{} }

func (machine) others(machine, time.Duration) float64 { return -1 }

func processorTime() (all, system time.Duration) { return bench.CPU(), 0 }

func residentBytes() int64 { return 0 }
