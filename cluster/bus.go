package cluster

import (
	"context"
	"time"
)

// Bus carries messages between processes.
type Bus interface {
	// Send puts a message into a topic; it is durable once Send returns nil.
	Send(ctx context.Context, topic string, m Message) error
	// Request sends a message and waits for what its handler answers. The deadline of ctx
	// travels along. A fault comes back with its kind, format and arguments.
	Request(ctx context.Context, topic string, m Message) ([]byte, error)
	// Serve handles a topic's messages until ctx ends.
	Serve(ctx context.Context, topic string, s Server) error
	// Publish tells all who follow a topic.
	Publish(ctx context.Context, topic, kind string, body []byte) error
	// Follow calls f for what is published from now on, until ctx ends.
	Follow(ctx context.Context, topic string, f func(Event)) error

	// Dead returns the messages of a topic that could not be handled, oldest first.
	Dead(ctx context.Context, topic string) ([]Dead, error)
	// Replay sends dead messages again, all of them without ids, and returns how many.
	Replay(ctx context.Context, topic string, ids ...string) (int, error)
	// Bury forgets dead messages, likewise.
	Bury(ctx context.Context, topic string, ids ...string) (int, error)
	// Topics returns the topics there are, by name.
	Topics(ctx context.Context) ([]TopicState, error)
}

// Message is something to be done by whoever serves a topic.
type Message struct {
	ID       string // deduplicates; "" = a new one
	Key      string // messages of one key are handled in order, one at a time; keys side by side
	Kind     string
	Body     []byte
	Deadline time.Time // it is not handled after that; zero = it is, whenever
	Attempt  int       // how often it was handed over, this time included; set by the bus
}

// Server handles a topic.
type Server struct {
	Consumer  string // who it is; required
	Exclusive bool   // only one serves this topic: it takes over at once what another left
	Token     uint64 // of an exclusive server; one with a lower token is refused
	Workers   int    // most keys handled side by side; 0 = 64
	Retries   int    // handled so often at most before a message is dead; 0 = 5
	// Handle carries a message out. Its error is answered when it is a fault no retry
	// mends (Invalid, Denied, NotFound, …), and tried again otherwise.
	Handle func(ctx context.Context, m Message) ([]byte, error)
}

// Event is something published.
type Event struct {
	Kind   string
	Body   []byte
	Missed bool // events before this one were lost: the follower was away for too long
}

// Dead is a message that could not be handled.
type Dead struct {
	Message
	At  time.Time
	Why string
}

// TopicState is what operators want to know of a topic.
type TopicState struct {
	Name      string
	Length    int // messages in it
	Pending   int // handed over and not done
	Dead      int
	Consumers int
}
