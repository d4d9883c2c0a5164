package remote

import (
	"encoding/json"
	"errors"
	"fmt"

	"busker/cluster"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
)

// The kinds of messages in the topic of a shard.
const (
	kindCommand = "command" // an order, answered with an answer
	kindStatus  = "status"  // a question, answered with answers
)

// order is a command on its way to the owner of a guild.
type order struct {
	Token   uint64         `json:"token"` // of the lease the sender believes in
	Guild   player.GuildID `json:"guild"`
	ID      string         `json:"id"` // of the command
	User    snowflake.ID   `json:"user,omitempty"`
	Face    string         `json:"face,omitempty"`
	Command parcel         `json:"command"`
}

// answer is what became of an order: exactly one is set.
type answer struct {
	Moved  bool            `json:"moved,omitempty"` // nothing; somebody else has the guild
	Err    json.RawMessage `json:"err,omitempty"`   // see fault.Marshal
	Status *status         `json:"status,omitempty"`
}

// question asks for the Statuses of guilds of one shard.
type question struct {
	Token  uint64           `json:"token"`
	Guilds []player.GuildID `json:"guilds"`
}

// answers has those guilds that have a player.
type answers struct {
	Moved    bool                      `json:"moved,omitempty"`
	Statuses map[player.GuildID]status `json:"statuses,omitempty"`
}

// write packs what goes over the bus.
func write(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return pack(b), nil
}

// fit is write for an answer that must not become too long for the bus. A queue that makes
// it so is cut.
func fit(a answer) ([]byte, error) {
	b, err := write(a)
	if err != nil || len(b) <= cluster.MaxBody || a.Status == nil {
		return b, err
	}
	s := *a.Status.Status
	s.Dropped = s.Dropped[:min(len(s.Dropped), EventItems)]
	w := *a.Status
	w.Status = new(headOf(s))
	a.Status = &w
	return write(a)
}

// headOf returns s with no more of its queue than an event has.
func headOf(s player.Status) player.Status {
	s.Queue, s.History = s.Queue[:min(len(s.Queue), EventItems)], s.History[:min(len(s.History), EventItems)]
	return s
}

// read unpacks what came over the bus.
func read(b []byte, into any) error {
	b, err := unpack(b)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return damaged(err)
	}
	return nil
}

// outcome returns what Do returns for an answer.
func (a answer) outcome() (player.Status, error) {
	switch {
	case a.Moved:
		return player.Status{}, player.ErrMoved
	case a.Err != nil:
		err, unreadable := fault.Unmarshal(a.Err)
		if unreadable != nil {
			err = damaged(unreadable)
		}
		return player.Status{}, err
	case a.Status == nil:
		return player.Status{}, damaged(errors.New("an empty answer"))
	}
	return a.Status.status()
}
