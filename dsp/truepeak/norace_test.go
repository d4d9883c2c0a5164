//go:build !race

package truepeak_test

const racing = false
