package remote

import (
	"encoding/json"
	"fmt"
	"reflect"

	"busker/internal/fault"
	"busker/player"
)

// kind is one type of a closed set, and how it is called between processes. The names are
// a protocol: they stay when the types are renamed.
type kind[T any] struct {
	name   string
	of     reflect.Type
	encode func(T) (body, err json.RawMessage, failed error)
	decode func(body, err json.RawMessage) (T, error)
}

// registry finds the kinds of a closed set.
type registry[T any] struct {
	byName map[string]*kind[T]
	byType map[reflect.Type]*kind[T]
}

func newRegistry[T any](kinds ...*kind[T]) *registry[T] {
	r := &registry[T]{map[string]*kind[T]{}, map[reflect.Type]*kind[T]{}}
	for _, k := range kinds {
		if r.byName[k.name] != nil || r.byType[k.of] != nil {
			panic("remote: " + k.name + " is there twice")
		}
		r.byName[k.name], r.byType[k.of] = k, k
	}
	return r
}

// parcel is one value of a closed set on its way.
type parcel struct {
	Kind string          `json:"kind"`
	Body json.RawMessage `json:"body"`
	Err  json.RawMessage `json:"err,omitempty"` // the error in an event: see fault.Marshal
}

func (r *registry[T]) wrap(v T) (parcel, error) {
	k := r.byType[reflect.TypeOf(v)]
	if k == nil {
		return parcel{}, fmt.Errorf("there is no kind for a %T", v)
	}
	body, err, failed := k.encode(v)
	if failed != nil {
		return parcel{}, fmt.Errorf("encode %s: %w", k.name, failed)
	}
	return parcel{k.name, body, err}, nil
}

func (r *registry[T]) unwrap(p parcel) (none T, _ error) {
	k := r.byName[p.Kind]
	if k == nil {
		return none, fault.Wrap(fault.Unsupported, "Another part of Busker has a newer version; try again when all are up to date.",
			fmt.Errorf("unknown kind %q", p.Kind))
	}
	v, err := k.decode(p.Body, p.Err)
	if err != nil {
		return none, damaged(fmt.Errorf("decode %s: %w", k.name, err))
	}
	return v, nil
}

// damaged is about what another process wrote and this one cannot read.
func damaged(err error) error {
	return fault.Wrap(fault.Corrupt, "What another part of Busker sent cannot be read.", err)
}

// plain is a kind whose type is its own JSON.
func plain[T any, V any](name string) *kind[T] { return failing[T, V](name, nil) }

// failing is a kind with an error in it, at place; nil = there is none.
func failing[T any, V any](name string, place func(*V) *error) *kind[T] {
	return &kind[T]{
		name: name, of: reflect.TypeFor[V](),
		encode: func(v T) (body, cause json.RawMessage, err error) {
			value := any(v).(V)
			if place != nil {
				at := place(&value)
				if *at != nil {
					cause = fault.Marshal(*at)
				}
				*at = nil
			}
			body, err = json.Marshal(value)
			return body, cause, err
		},
		decode: func(body, cause json.RawMessage) (none T, err error) {
			var value V
			if err := json.Unmarshal(body, &value); err != nil {
				return none, err
			}
			if place != nil && cause != nil {
				if *place(&value), err = fault.Unmarshal(cause); err != nil {
					return none, err
				}
			}
			return any(value).(T), nil
		},
	}
}

func command[C player.Command](name string) *kind[player.Command] {
	return plain[player.Command, C](name)
}

func event[E player.Event](name string) *kind[player.Event] { return plain[player.Event, E](name) }

func trouble[E player.Event](name string, place func(*E) *error) *kind[player.Event] {
	return failing[player.Event](name, place)
}

var commands = newRegistry(
	command[player.Play]("play"),
	command[player.Add]("add"),
	command[player.Join]("join"),
	command[player.Leave]("leave"),
	command[player.Pause]("pause"),
	command[player.Resume]("resume"),
	command[player.Skip]("skip"),
	command[player.Jump]("jump"),
	command[player.Previous]("previous"),
	command[player.Replay]("replay"),
	command[player.Stop]("stop"),
	command[player.Seek]("seek"),
	command[player.SeekBy]("seek_by"),
	command[player.Volume]("volume"),
	command[player.Filters]("filters"),
	command[player.Crossfade]("crossfade"),
	command[player.Normalise]("normalise"),
	command[player.Shuffle]("shuffle"),
	command[player.Loop]("loop"),
	command[player.Fair]("fair"),
	command[player.Remove]("remove"),
	command[player.RemoveRange]("remove_range"),
	command[player.RemoveBy]("remove_by"),
	command[player.RemoveExcept]("remove_except"),
	command[player.RemoveDuplicates]("remove_duplicates"),
	command[player.Move]("move"),
	command[player.Clear]("clear"),
	command[player.Look]("look"),
	command[player.Undo]("undo"),
	command[player.Sleep]("sleep"),
	command[player.Stay]("stay"),
	command[player.Hold]("hold"),
	command[player.Return]("return"),
	command[player.Forget]("forget"),
)

var events = newRegistry(
	event[player.TrackStarted]("track_started"),
	event[player.TrackEnded]("track_ended"),
	trouble("track_failed", func(e *player.TrackFailed) *error { return &e.Err }),
	event[player.TrackStuck]("track_stuck"),
	trouble("gave_up", func(e *player.GaveUp) *error { return &e.Err }),
	event[player.QueueEnded]("queue_ended"),
	event[player.Paused]("paused"),
	event[player.Resumed]("resumed"),
	event[player.Seeked]("seeked"),
	trouble("seek_failed", func(e *player.SeekFailed) *error { return &e.Err }),
	event[player.VolumeChanged]("volume_changed"),
	event[player.FiltersChanged]("filters_changed"),
	event[player.CrossfadeChanged]("crossfade_changed"),
	event[player.NormaliseChanged]("normalise_changed"),
	event[player.QueueChanged]("queue_changed"),
	event[player.FairChanged]("fair_changed"),
	event[player.LoopChanged]("loop_changed"),
	trouble("interrupted", func(e *player.Interrupted) *error { return &e.Err }),
	event[player.Reconnected]("reconnected"),
	event[player.Joined]("joined"),
	event[player.Moved]("moved"),
	trouble("left", func(e *player.Left) *error { return &e.Err }),
	trouble("return_failed", func(e *player.ReturnFailed) *error { return &e.Err }),
	event[player.HeldChanged]("held_changed"),
	event[player.StayChanged]("stay_changed"),
	event[player.SleepChanged]("sleep_changed"),
	event[player.Slept]("slept"),
	event[player.Idle]("idle"),
)
