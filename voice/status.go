package voice

import (
	"time"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/line"
	"busker/voice/rtp"
)

// State is what a connection is doing.
type State uint8

// The states of a connection.
const (
	Out        State = iota // in no channel
	Joining                 // asking Discord, or shaking hands with the voice server
	Ready                   // audio flows
	Recovering              // audio does not flow; we are working on it
)

var stateNames = [...]string{"out", "joining", "ready", "recovering"}

// String returns the state's name.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Status is a snapshot of a connection.
type Status struct {
	State     State
	Channel   snowflake.ID  // where we are or are going; 0 when out
	Endpoint  string        // the voice server
	Mode      rtp.Mode      // transport encryption
	Ping      time.Duration // of the voice gateway; 0 before the first heartbeat's answer
	Queued    int           // packets waiting to be sent
	Sent      uint64        // audio packets, as Conn.Sent
	Late      uint64        // packets sent more than one frame after their time
	Underruns uint64        // times the packets ran out for at most five frames
	Resumes   uint64        // voice gateway sockets replaced without the audio noticing
	Rejoins   uint64        // sessions replaced through the main gateway
	LastErr   error         // the newest trouble; nil when there never was any

	LastReconnect time.Time     // when audio flowed again after trouble; zero when it never had to
	LastCause     error         // what the trouble was then
	Lateness      line.Lateness // of the packets sent

	DAVE        int    // version of the end-to-end encryption; 0: none is demanded
	Encrypted   bool   // what is sent is encrypted end to end; false too while nothing is sent
	Epoch       uint64 // of the group; 0 outside one
	Members     int    // of the group, ourselves included; 0 outside one
	PrivacyCode string // 30 digits; "" outside a group
}

// encryption fills in what the session's end-to-end encryption says.
func (s *Status) encryption(e dave.Status) {
	s.DAVE, s.Encrypted = e.Version, e.Sending == dave.Encrypted
	s.Epoch, s.Members, s.PrivacyCode = e.Epoch, len(e.Members), e.PrivacyCode
}
