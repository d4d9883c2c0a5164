package remote

import (
	"reflect"

	"busker/player"
)

// Kinds returns the names of all types that may travel, by how the package player calls
// them, and a zero value of each.
func Kinds() (c map[string]player.Command, e map[string]player.Event) {
	return zeros(commands), zeros(events)
}

func zeros[T any](r *registry[T]) map[string]T {
	all := map[string]T{}
	for of := range r.byType {
		all[of.Name()] = reflect.Zero(of).Interface().(T)
	}
	return all
}

// KindOf returns how a command is called between processes.
func KindOf(c player.Command) string { return commands.byType[reflect.TypeOf(c)].name }

// MarshalNews writes an event of a process that has its guild by a token.
func MarshalNews(process string, token uint64, e player.Envelope) ([]byte, error) {
	return marshalNews(news{Process: process, Token: token}, e)
}
