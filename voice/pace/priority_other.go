//go:build !linux

package pace

// prioritize does nothing: priorities are not the threads' own here.
func prioritize() (nice int) { return 0 }
