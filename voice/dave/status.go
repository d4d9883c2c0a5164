package dave

import (
	"maps"
	"slices"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

// Status is how a session was at one moment. It never changes.
type Status struct {
	Version     int            // of the protocol, as executed or described last
	Sending     Sending        // what SealFrame does
	Established bool           // we are in a group with others
	Epoch       uint64         // of the group; 0 when not established
	Members     []snowflake.ID // of the group, ourselves included, ascending; nil when not established
	PrivacyCode string         // 30 digits, "" when not established
	Recoveries  int            // ops 31 sent
}

// snapshot is a Status and what it was made from. It never changes.
type snapshot struct {
	Status
	group *mls.Group              // nil when not established
	keys  map[snowflake.ID][]byte // the members' signature keys
}

// Status returns a snapshot.
func (s *Session) Status() Status {
	now := s.snapshot.Load().Status
	now.Sending = s.sender.Load().sending
	return now
}

// publish makes the state visible to other goroutines.
func (s *Session) publish() {
	last := s.snapshot.Load()
	var group *mls.Group
	if s.mls.established() {
		group = s.mls.group
	}
	if last.group == group && last.Version == s.running && last.Recoveries == s.recoveries {
		return
	}
	next := *last
	next.Version, next.Recoveries = s.running, s.recoveries
	if group != last.group {
		next.describe(group, &s.mls)
	}
	s.snapshot.Store(&next)
	s.pairwise.keep(next.keys)
}

func (s *snapshot) describe(group *mls.Group, a *agreement) {
	s.group, s.keys = group, nil
	s.Established, s.Epoch, s.Members, s.PrivacyCode = false, 0, nil, ""
	if group == nil {
		return
	}
	s.keys, _ = a.roster(group) // checked when it was entered
	s.Established, s.Epoch = true, group.Epoch()
	s.Members = slices.Sorted(maps.Keys(s.keys))
	s.PrivacyCode = privacyCode(group.EpochAuthenticator())
}
