package audio

// PacketReader is a Reader whose origin already is what a voice server takes: 20 ms
// Opus packets at 48 kHz, mono or stereo, to be played at the level they have. It is
// read either by packets or by blocks: the first call decides.
type PacketReader interface {
	Reader
	// ReadPacket sets p to the next 20 ms and returns io.EOF after the last packet. After
	// any error the Reader stays failed. It waits as ReadBlock does.
	ReadPacket(p *Packet) error
	// Skip is how many samples per channel of the first packet's decoded audio lie before
	// the beginning of the sound: the pre-skip of the container (RFC 7845 §4.2), less
	// whole packets left out. It is known once the first packet was read.
	Skip() int
}

// Ending is a Reader that knows where in its last frame the sound ends.
type Ending interface {
	// Tail is how many samples per channel at the end of the last frame (block or decoded
	// packet) are padding, 0..FrameSamples-1. It is known after io.EOF.
	Tail() int
}

// Waiting is a Reader that says when it stops computing to wait for its origin, so
// that a processor core reserved for it can be lent to others meanwhile.
type Waiting interface {
	// OnWait has wait called right before, and resume right after, every wait of ReadBlock
	// and ReadPacket, on their goroutine. It is called once, before the first read.
	OnWait(wait, resume func())
}
