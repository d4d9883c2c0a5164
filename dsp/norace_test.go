//go:build !race

package dsp_test

const racing = false
