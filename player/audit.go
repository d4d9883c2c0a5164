package player

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"busker/dsp"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/queue"
	"busker/track"
)

// Audit is told of every command. Record is called from the goroutine of who gave the
// command and must not wait.
type Audit interface {
	Record(r Record)
}

// Record is what became of one command.
type Record struct {
	Guild   GuildID
	Actor   Actor // zero = nobody said
	Command string
	Detail  string // what it was about, in no language: titles, counts, times; "" = nothing to add
	Err     string // the kind of fault that kept it from being carried out; "" = it was
	At      time.Time
}

// Actor is who gives a command.
type Actor struct {
	User snowflake.ID // 0 = nobody: the program itself
	Face string       // through what: "command", "button", "console"; the faces choose
}

type actorKey struct{}

// WithActor returns a context whose commands are a's.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns who gives the commands of ctx; zero = nobody said.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// audit records what became of c.
func (m *Manager) audit(ctx context.Context, guild GuildID, c Command, s Status, err error) {
	if _, looks := c.(Look); looks || m.opts.Audit == nil || errors.Is(err, ErrMoved) || s.Repeated { // it is given again elsewhere, or was before
		return
	}
	r := Record{Guild: guild, Actor: ActorOf(ctx), Command: c.command(), Detail: detail(c, s), At: time.Now()}
	if err != nil {
		r.Err = fault.KindOf(err).String()
	}
	m.opts.Audit.Record(r)
}

// detail says what c is about; s is the Status after it, zero when it failed.
func detail(c Command, s Status) string {
	switch c := c.(type) {
	case Play:
		return addedDetail(c.Tracks, s.Added)
	case Add:
		return addedDetail(c.Tracks, s.Added)
	case Remove, RemoveRange, RemoveBy, RemoveExcept, RemoveDuplicates, Clear:
		return titles(s.Dropped, func(it *queue.Item) string { return it.Track.Title })
	case Move:
		return moveDetail(c, s)
	case Jump, Previous, Skip, Replay:
		return s.Track.Title
	case Undo:
		return string(s.Undone)
	case Join:
		return c.Channel.String()
	}
	return soundDetail(c)
}

// soundDetail is detail for commands about how it sounds.
func soundDetail(c Command) string {
	switch c := c.(type) {
	case Seek:
		return c.At.String()
	case SeekBy:
		return c.Delta.String()
	case Volume:
		return strconv.Itoa(c.Percent) + "%"
	case Loop:
		return c.Mode.String()
	case Fair:
		return strconv.FormatBool(c.On)
	case Normalise:
		return strconv.FormatBool(c.On)
	case Crossfade:
		return c.Duration.String()
	case Filters:
		return effects(c.Effects)
	}
	return ""
}

func addedDetail(tracks []track.Track, added int) string {
	if added > 0 && added < len(tracks) {
		return fmt.Sprintf("%d/%d", added, len(tracks))
	}
	return titles(tracks, func(t track.Track) string { return t.Title })
}

// titles returns the title of one thing, or the number of several.
func titles[T any](things []T, title func(T) string) string {
	if len(things) == 1 {
		return title(things[0])
	}
	return strconv.Itoa(len(things))
}

func moveDetail(c Move, s Status) string {
	if c.To < 0 || c.To >= len(s.Queue) {
		return ""
	}
	return fmt.Sprintf("%s #%d", s.Queue[c.To].Track.Title, c.To+1)
}

func effects(parts []dsp.Part) string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.Preset
	}
	return strings.Join(slices.Compact(names), "+")
}
