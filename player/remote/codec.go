package remote

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"busker/internal/fault"
	"busker/player"
	"busker/queue"
)

// MarshalCommand writes c as JSON. Pictures of tracks do not travel.
func MarshalCommand(c player.Command) ([]byte, error) {
	p, err := commands.wrap(c)
	if err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

// UnmarshalCommand reads what MarshalCommand wrote. A command that only a newer version
// knows is a fault.Unsupported, anything else that cannot be read is fault.Corrupt.
func UnmarshalCommand(b []byte) (player.Command, error) {
	var p parcel
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, damaged(fmt.Errorf("decode a command: %w", err))
	}
	return commands.unwrap(p)
}

// status is a player.Status on its way: its fields, and the error among them.
type status struct {
	*player.Status
	LastError json.RawMessage `json:",omitempty"` // see fault.Marshal
}

// MarshalStatus writes s as JSON, its queue as long as it is. Pictures of tracks do not
// travel.
func MarshalStatus(s player.Status) ([]byte, error) { return json.Marshal(statusOf(s)) }

func statusOf(s player.Status) status {
	w := status{Status: &s}
	if s.LastError != nil {
		w.LastError = fault.Marshal(s.LastError)
	}
	s.LastError, s.Gain, s.Speed = nil, number(s.Gain), number(s.Speed)
	return w
}

// number returns f, or 0 for what has no JSON.
func number(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// UnmarshalStatus reads what MarshalStatus wrote; what cannot be read is fault.Corrupt.
func UnmarshalStatus(b []byte) (player.Status, error) {
	var w status
	if err := json.Unmarshal(b, &w); err != nil {
		return player.Status{}, damaged(fmt.Errorf("decode a status: %w", err))
	}
	return w.status()
}

func (w status) status() (player.Status, error) {
	if w.Status == nil {
		w.Status = &player.Status{}
	}
	if w.LastError != nil {
		err, unreadable := fault.Unmarshal(w.LastError)
		if unreadable != nil {
			return player.Status{}, damaged(unreadable)
		}
		w.Status.LastError = err
	}
	for _, items := range [][]*queue.Item{w.Queue, w.History, w.Dropped} {
		if slices.Contains(items, nil) {
			return player.Status{}, damaged(errors.New("an item of a queue is null"))
		}
	}
	return *w.Status, nil
}

// news is an event on its way.
type news struct {
	Process string         `json:"process,omitempty"` // where it happened
	Token   uint64         `json:"token,omitempty"`   // by which that process has the guild; 0 = not known
	Guild   player.GuildID `json:"guild"`
	parcel
	Status status `json:"status"`
}

// MarshalEvent writes e as JSON. Pictures of tracks do not travel.
func MarshalEvent(e player.Envelope) ([]byte, error) { return marshalNews(news{}, e) }

func marshalNews(n news, e player.Envelope) (_ []byte, err error) {
	if n.parcel, err = events.wrap(e.Event); err != nil {
		return nil, err
	}
	n.Guild, n.Status = e.Guild, statusOf(e.Status)
	return json.Marshal(n)
}

// UnmarshalEvent reads what MarshalEvent wrote. An event that only a newer version knows
// is a fault.Unsupported, anything else that cannot be read is fault.Corrupt.
func UnmarshalEvent(b []byte) (player.Envelope, error) {
	_, e, err := unmarshalNews(b)
	return e, err
}

func unmarshalNews(b []byte) (n news, e player.Envelope, err error) {
	if err := json.Unmarshal(b, &n); err != nil {
		return n, e, damaged(fmt.Errorf("decode an event: %w", err))
	}
	e.Guild = n.Guild
	if e.Event, err = events.unwrap(n.parcel); err != nil {
		return n, e, err
	}
	e.Status, err = n.Status.status()
	return n, e, err
}
