package signal

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// NoSeq is the number of a frame that has none, and the seq_ack before the first.
const NoSeq = -1

// Frame is one frame from the voice gateway, text or binary.
type Frame struct {
	Op     Op
	Seq    int64  // number of the frame, NoSeq when it has none; 0 is a number
	Binary bool   // decides what Data is
	Data   []byte // the JSON of d, or what follows the opcode
}

// DecodeText reads {"op":n,"d":…,"seq":n}; seq may be missing.
func DecodeText(b []byte) (Frame, error) {
	var v struct {
		Op  *Op             `json:"op"`
		D   json.RawMessage `json:"d"`
		Seq *int64          `json:"seq"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Frame{}, fmt.Errorf("decode text frame: %w", err)
	}
	if v.Op == nil {
		return Frame{}, errors.New("decode text frame: no opcode")
	}
	f := Frame{Op: *v.Op, Seq: NoSeq, Data: v.D}
	if v.Seq != nil && *v.Seq >= 0 {
		f.Seq = *v.Seq
	}
	return f, nil
}

// DecodeBinary reads a binary frame of the server:
//
//	0            2        3
//	seq u16 BE | opcode | payload
//
// The Frame's Data shares b's memory.
func DecodeBinary(b []byte) (Frame, error) {
	if len(b) < 3 {
		return Frame{}, fmt.Errorf("decode binary frame: %d bytes", len(b))
	}
	return Frame{
		Op:     Op(b[2]),
		Seq:    int64(binary.BigEndian.Uint16(b)),
		Binary: true,
		Data:   b[3:],
	}, nil
}
