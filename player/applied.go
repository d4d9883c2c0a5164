package player

import "context"

type commandKey struct{}

// WithCommandID returns a context whose command is carried out once: a player that has
// carried out one with the same id changes nothing and answers as if it had. The id is
// anybody's choice and no two commands of a guild may share it; ctx is for one Do, and for
// as many repetitions of it as it takes. What was refused may be tried again.
func WithCommandID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, commandKey{}, id)
}

// CommandIDOf returns the id of ctx's command, "" for none.
func CommandIDOf(ctx context.Context) string {
	id, _ := ctx.Value(commandKey{}).(string)
	return id
}
