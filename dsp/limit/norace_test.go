//go:build !race

package limit_test

const racing = false
