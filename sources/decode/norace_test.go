//go:build !race

package decode_test

// racing says that the race detector runs.
const racing = false
