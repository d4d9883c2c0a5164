package handling

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"busker/internal/fault"
)

// Verdict is what becomes of a message that was handled.
type Verdict uint8

// The verdicts.
const (
	Done   Verdict = iota // the answer is kept and told
	Forget                // the error is told and not kept: the ID may be sent again
	Again                 // it is run again later
	Dead                  // it goes to the dead; the error is told
)

// Judge says what becomes of a message whose handler returned err: asked, if somebody
// waits for the answer, at its attempt-th attempt (from 1), with retries more after
// the first.
func Judge(err error, asked bool, attempt, retries int) Verdict {
	switch {
	case err == nil, asked && Final(err):
		return Done
	case asked:
		return Forget
	case Final(err), attempt > retries:
		return Dead
	}
	return Again
}

// Final says whether err is an answer that no retry changes.
func Final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Denied, fault.Unsupported, fault.Corrupt, fault.TooLarge:
		return true
	}
	return false
}

// Retries returns how often a message is tried again, from what a server asks for.
func Retries(asked int) int {
	switch {
	case asked == 0:
		return 5
	case asked < 0:
		return 0
	}
	return asked
}

// Workers likewise: how many messages are handled side by side.
func Workers(asked int) int {
	if asked <= 0 {
		return 32
	}
	return asked
}

// Call calls a handler and turns a panic into an error.
func Call(handle func() ([]byte, error)) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			const most = 4 << 10 // bytes of the stack: the error travels
			stack := debug.Stack()
			err = fmt.Errorf("panic: %v\n%s", p, stack[:min(most, len(stack))])
		}
	}()
	return handle()
}

// Backoff returns how long to wait after the n-th failure in a row, from 1: 100 ms
// and twice as much each time, up to 10 s, give or take a quarter.
func Backoff(n int) time.Duration {
	const first, most = 100 * time.Millisecond, 10 * time.Second
	d := most
	if n < 8 {
		d = min(most, first<<max(0, n-1))
	}
	return d*3/4 + rand.N(d/2)
}

// Window returns how many messages, those in stalled lanes not counted, a server of so
// many workers takes: enough that none of them waits for the bus, and few enough that
// other servers have some to do.
func Window(workers int) int { return 4 * Workers(workers) }

// MaxStalled is how many messages wait behind failed ones at most before a server
// takes no more.
const MaxStalled = 10_000
