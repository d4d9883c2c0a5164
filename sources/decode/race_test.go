//go:build race

package decode_test

// racing says that the race detector runs, which makes decoding ten times slower
// and learns nothing new from another sample rate.
const racing = true
