package signal

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"busker/internal/snowflake"
	"busker/voice/rtp"
)

// Message is what the voice gateway said, of a closed set: Hello, Ready,
// Description, Resumed, Speaking, Connected and Disconnected.
type Message interface{ message() }

// Hello opens every socket: it may be answered with Identify or Resume.
type Hello struct{ HeartbeatInterval time.Duration }

// Ready answers Identify: where the media go, and under which SSRC.
type Ready struct {
	SSRC   uint32
	Server netip.AddrPort
	Modes  []rtp.Mode
}

// Description answers SelectProtocol: audio may be sent.
type Description struct {
	Mode        rtp.Mode
	Key         []byte // a secret
	DAVEVersion int
}

// Resumed answers Resume: the session goes on.
type Resumed struct{}

// Speaking says which SSRC belongs to another user.
type Speaking struct {
	Flags SpeakingFlags
	SSRC  uint32
	User  snowflake.ID
}

// Connected names users who are in the call, or joined it.
type Connected struct{ Users []snowflake.ID }

// Disconnected names a user who left the call.
type Disconnected struct{ User snowflake.ID }

func (Hello) message()        {}
func (Ready) message()        {}
func (Description) message()  {}
func (Resumed) message()      {}
func (Speaking) message()     {}
func (Connected) message()    {}
func (Disconnected) message() {}

// SpeakingFlags say what kind of audio a client sends.
type SpeakingFlags uint32

// The speaking flags; they may be combined.
const (
	Microphone SpeakingFlags = 1 << iota
	Soundshare
	Priority
	Silent SpeakingFlags = 0
)

// Parse returns the message in a text frame, or nil when there is none for us in it.
func Parse(f Frame) (Message, error) {
	if f.Binary {
		return nil, nil
	}
	switch f.Op {
	case OpHello:
		return parse(f, hello)
	case OpReady:
		return parse(f, ready)
	case OpSessionDescription:
		return parse(f, description)
	case OpResumed:
		return Resumed{}, nil
	case OpSpeaking:
		return parse(f, func(v struct {
			Speaking SpeakingFlags `json:"speaking"`
			SSRC     uint32        `json:"ssrc"`
			User     snowflake.ID  `json:"user_id"`
		},
		) (Message, error) {
			return Speaking{v.Speaking, v.SSRC, v.User}, nil
		})
	case OpClientsConnect:
		return parse(f, func(v struct {
			Users []snowflake.ID `json:"user_ids"`
		},
		) (Message, error) {
			return Connected(v), nil
		})
	case OpClientDisconnect:
		return parse(f, func(v struct {
			User snowflake.ID `json:"user_id"`
		},
		) (Message, error) {
			return Disconnected(v), nil
		})
	}
	return nil, nil
}

// parse decodes d into V and hands it to check.
func parse[V any](f Frame, check func(V) (Message, error)) (Message, error) {
	var v V
	if err := json.Unmarshal(f.Data, &v); err != nil {
		return nil, fmt.Errorf("parse op %d: %w", f.Op, err)
	}
	m, err := check(v)
	if err != nil {
		return nil, fmt.Errorf("parse op %d: %w", f.Op, err)
	}
	return m, nil
}

// Heartbeat intervals outside these bounds are taken for the nearer bound: Discord's
// is 13.75 s.
const (
	minInterval = 10 * time.Millisecond
	maxInterval = 2 * time.Minute
)

func hello(v struct {
	Interval float64 `json:"heartbeat_interval"` // milliseconds
},
) (Message, error) {
	if v.Interval <= 0 {
		return nil, fmt.Errorf("heartbeat interval of %v ms", v.Interval)
	}
	ms := min(max(v.Interval, float64(minInterval/time.Millisecond)), float64(maxInterval/time.Millisecond))
	return Hello{time.Duration(ms * float64(time.Millisecond))}, nil
}

func ready(v struct {
	SSRC  uint32     `json:"ssrc"`
	IP    string     `json:"ip"`
	Port  uint16     `json:"port"`
	Modes []rtp.Mode `json:"modes"`
},
) (Message, error) {
	ip, err := netip.ParseAddr(v.IP)
	if err != nil {
		return nil, err
	}
	return Ready{v.SSRC, netip.AddrPortFrom(ip, v.Port), v.Modes}, nil
}

func description(v struct {
	Mode rtp.Mode `json:"mode"`
	Key  []uint16 `json:"secret_key"` // an array of numbers, where Go's []byte would be base64
	DAVE int      `json:"dave_protocol_version"`
},
) (Message, error) {
	key := make([]byte, len(v.Key))
	for i, b := range v.Key {
		if b > 0xFF {
			return nil, fmt.Errorf("byte %d of the key is %d", i, b)
		}
		key[i] = byte(b)
	}
	if len(key) != rtp.KeyBytes {
		return nil, fmt.Errorf("key of %d bytes, want %d", len(key), rtp.KeyBytes)
	}
	return Description{v.Mode, key, v.DAVE}, nil
}
