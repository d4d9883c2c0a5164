//go:build !race

package stretch_test

const racing = false
