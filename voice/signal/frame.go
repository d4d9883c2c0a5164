package signal

// Op is an opcode of the voice gateway.
type Op uint8

// Frame is one frame from the voice gateway, text or binary.
type Frame struct {
	Op     Op
	Seq    int64  // number of the frame, -1 when it has none; 0 is a number
	Binary bool   // decides what Data is
	Data   []byte // the JSON of d, or what follows the opcode
}
