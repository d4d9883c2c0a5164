// Package limit keeps levels in bounds: a true-peak limiter and a compressor.
//
// Both judge the two sides together and turn them down alike, so that nothing moves in
// the stereo image. They know 20 ms blocks of 48 kHz stereo and nothing else.
package limit
