//go:build !race

package loudness_test

const racing = false
