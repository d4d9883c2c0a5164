//go:build !darwin && !linux

package doctor

func openFiles() uint64 { return 0 }

func freeSpace(string) (uint64, bool) { return 0, false }
