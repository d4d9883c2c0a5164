//go:build !goexperiment.simd || !amd64

package dsp

func newBank() bank { return newPlainBank() }
