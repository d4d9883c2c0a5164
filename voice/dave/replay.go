package dave

const (
	// replayWindow is how many nonces before the newest may still be missing.
	replayWindow = 1000
	replayBits   = 1024 // the next multiple of 64
)

// replay remembers which nonces of a ratchet were used: those after the newest may
// come, and those of the window before it that did not come yet. Nonces before the
// first one that came count as used.
type replay struct {
	started bool
	newest  uint64
	used    [replayBits / 64]uint64 // bit n%replayBits for the nonces of the window
}

// fresh reports whether a frame with the nonce may be taken.
func (r *replay) fresh(n uint64) bool {
	switch {
	case !r.started || n > r.newest:
		return true
	case r.newest-n > replayWindow:
		return false
	}
	return r.used[n%replayBits/64]&(1<<(n%64)) == 0
}

// use records a nonce that fresh let through and whose frame was genuine.
func (r *replay) use(n uint64) {
	switch {
	case !r.started:
		r.started, r.newest = true, n
		for i := range r.used {
			r.used[i] = ^uint64(0)
		}
	case n > r.newest:
		for skipped := r.newest + 1; skipped < n && skipped <= r.newest+replayBits; skipped++ {
			r.used[skipped%replayBits/64] &^= 1 << (skipped % 64)
		}
		r.newest = n
	}
	r.used[n%replayBits/64] |= 1 << (n % 64)
}
