// Package audio holds the words every stage of the sound path shares: the 20 ms
// block of PCM, the Opus packet, and the contract of whoever produces blocks.
//
// It knows no codec, no container and no network. Times are media times, sample
// values are full scale at ±1, and one frame is always 20 ms of 48 kHz stereo,
// the only shape Discord's voice servers take.
package audio

import "time"

const (
	// SampleRate is the rate of all PCM past the decoders, in hertz; the only one
	// Opus in Discord uses on the wire (RTP clock of RFC 7587 §4.1).
	SampleRate = 48000
	// Channels is the number of interleaved channels: left, right.
	Channels = 2
	// FrameTime is the length of one frame, and so of one Block and one Packet.
	FrameTime = 20 * time.Millisecond
	// FrameSamples is the number of samples per channel in one frame; it is also
	// the step of the RTP timestamp from packet to packet.
	FrameSamples = int(SampleRate * FrameTime / time.Second)
	// FramesPerSecond is the packet rate of one stream.
	FramesPerSecond = int(time.Second / FrameTime)
)

// Block is one frame of PCM: FrameSamples pairs of left and right, full scale ±1.
type Block [FrameSamples * Channels]float32

// Reader produces audio frame by frame. One goroutine uses a Reader at a time.
type Reader interface {
	// ReadBlock fills b with the next 20 ms and returns io.EOF after the last
	// frame, padding that frame with silence. After any error the Reader stays
	// failed. A Reader over a network may block; the context it was opened with
	// ends the wait.
	ReadBlock(b *Block) error
	// Close frees what the Reader holds and ends a ReadBlock in progress.
	Close() error
}

// Frames returns the number of whole frames in d.
func Frames(d time.Duration) int64 { return int64(d / FrameTime) }

// Duration returns the time n frames take.
func Duration(n int64) time.Duration { return time.Duration(n) * FrameTime }

// SamplesDuration returns the time n samples per channel take at 48 kHz.
func SamplesDuration(n int64) time.Duration {
	return time.Duration(n) * time.Second / SampleRate
}

// DurationSamples returns the number of samples per channel at 48 kHz in d.
func DurationSamples(d time.Duration) int64 {
	return int64(d)/int64(time.Second)*SampleRate +
		int64(d)%int64(time.Second)*SampleRate/int64(time.Second)
}
