// Package dsp changes PCM: its rate, its channels, its level.
//
// It knows samples only: interleaved float32, full scale at ±1. It knows no
// tracks, no codecs and no Discord, starts no goroutines and allocates nothing
// once its parts are made.
package dsp
