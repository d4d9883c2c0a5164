package gateway

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Gateway opcodes.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opPresence       = 3
	opVoiceState     = 4
	opResume         = 6
	opReconnect      = 7
	opRequestMembers = 8
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatACK   = 11
	opSoundboard     = 31
	opChannelInfo    = 43
)

// Gateway close codes.
const (
	closeUnknown         = 4000
	closeUnknownOp       = 4001
	closeDecode          = 4002
	closeNotIdentified   = 4003
	closeAuthentication  = 4004
	closeAlready         = 4005
	closeInvalidSeq      = 4007
	closeRateLimited     = 4008
	closeInvalidShard    = 4010
	closeShardingNeeded  = 4011
	closeInvalidVersion  = 4012
	closeInvalidIntents  = 4013
	closeDisallowed      = 4014
	maxPayload           = 15 << 10 // bytes of a client's message; more is 4002
	compressAbove        = 1 << 10  // bytes; smaller payloads stay text under identify's compress
	normalClosure        = 1000     // a client that closes with 1000 or 1001 ends its session
	goingAway            = 1001
	closeWithoutAnyFrame = 0
)

// frame is a message of the gateway, in Discord's order.
type frame struct {
	T  string `json:"t,omitempty"`
	S  *int   `json:"s"`
	Op int    `json:"op"`
	D  any    `json:"d"`
}

// incoming is a message of a client.
type incoming struct {
	Op *int            `json:"op"`
	D  json.RawMessage `json:"d"`
}

// deflate compresses one whole payload, as identify's compress asks.
func deflate(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

// streamer is a transport compression: one context for the whole connection, flushed
// after every message.
type streamer struct {
	out bytes.Buffer
	z   flusher
}

type flusher interface {
	io.WriteCloser
	Flush() error
}

// newStreamer returns the compression of a name, nil for one that does not exist.
func newStreamer(name string) *streamer {
	s := &streamer{}
	switch name {
	case "zlib-stream": // every message ends in 00 00 FF FF
		s.z = zlib.NewWriter(&s.out)
	case "zstd-stream":
		// There are thousands of these in a test of scale: the window is a small one.
		const window = 128 << 10
		z, err := zstd.NewWriter(&s.out, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(window))
		if err != nil {
			panic(err) // the options are wrong
		}
		s.z = z
	default:
		return nil
	}
	return s
}

func (s *streamer) next(data []byte) ([]byte, error) {
	s.out.Reset()
	if _, err := s.z.Write(data); err != nil {
		return nil, err
	}
	if err := s.z.Flush(); err != nil {
		return nil, err
	}
	return bytes.Clone(s.out.Bytes()), nil
}
