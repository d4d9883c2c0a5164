package cluster

import (
	"context"
	"errors"
	"time"
)

// Bus carries messages between processes.
//
// A topic is a queue that somebody serves (Send, Request, Serve), or a feed that
// anybody follows (Publish, Follow); its name has no control characters and no braces.
//
// What is sent is handled at least once, and in the order it was sent among the
// messages of one Key. It is handled twice only when its consumer dies, or is cut
// off, after the handler's effect and before the bus has noted it; or when the
// server of the bus loses the last moments (a failover). So a handler whose effect
// outlives the process records Message.ID together with the effect, and does nothing
// for an ID that it finds there. Everything else is deduplicated by the bus:
// an ID that was handled is not handled again while its result is kept (Keep at
// least), whoever sends it how often; the kept result is the answer.
type Bus interface {
	// Send puts a message into a topic; it is durable, as far as the server of the bus
	// is, once Send returns nil. ErrFull when nobody takes anything out of the topic.
	// After ErrUnreachable it may be in or not: send it again with the same ID.
	Send(ctx context.Context, topic string, m Message) error
	// Request sends a message and waits for what its handler answers. The earlier of
	// ctx's and m's deadline travels along. The handler's fault comes back with its
	// kind, format and arguments; an answer that does not come in time is a
	// context.DeadlineExceeded, and what was asked may have happened or not.
	Request(ctx context.Context, topic string, m Message) ([]byte, error)
	// Serve handles a topic's messages until ctx ends, and returns nil then, after its
	// handlers have returned; what is left goes to other servers. ErrLost when an
	// exclusive server with a higher token, or a later one with the same, has taken
	// over. It outlasts any trouble with the server of the bus.
	Serve(ctx context.Context, topic string, s Server) error
	// Publish tells all who follow a topic.
	Publish(ctx context.Context, topic, kind string, body []byte) error
	// Follow calls f for what is published from now on, one after the other, until ctx
	// ends; it returns nil then. A follower that was cut off goes on where it was, as
	// long as the topic reaches back (Backlog events at least): see Event.Missed.
	Follow(ctx context.Context, topic string, f func(Event)) error

	// Dead returns the messages of a topic that could not be handled, oldest first.
	Dead(ctx context.Context, topic string) ([]Dead, error)
	// Replay sends dead messages again, all of them without ids, and returns how many.
	// They come after what is in the topic now, without a deadline.
	Replay(ctx context.Context, topic string, ids ...string) (int, error)
	// Bury forgets dead messages, likewise.
	Bury(ctx context.Context, topic string, ids ...string) (int, error)
	// Topics returns the topics somebody has used in the last days, by name. Feeds
	// are not among them.
	Topics(ctx context.Context) ([]TopicState, error)
}

// What a bus holds.
const (
	// Keep is how long the result of a message is kept to answer the same ID again. That
	// of a Request without an ID, which nobody can send again, goes after its deadline.
	Keep = 10 * time.Minute
	// MaxQueue is how many messages wait in a topic: ten minutes of everything a
	// process with thousands of guilds is told.
	MaxQueue = 100_000
	// MaxBody is how many bytes a body or an answer has at most.
	MaxBody = 1 << 20
	// Backlog is how many events of a feed are kept at least for those who are cut off.
	Backlog = 4096
	// MaxDead is how many dead messages of a topic are kept; the oldest go first.
	MaxDead = 10_000
)

// ErrFull means that a topic has MaxQueue messages that nobody has handled.
var ErrFull = errors.New("the topic is full")

// Message is something to be done by whoever serves a topic.
type Message struct {
	// ID deduplicates within the topic; "" = a new one. It has no control characters
	// and at most 200 bytes.
	ID       string
	Key      string    // messages of one key are handled in order, one at a time; keys, and those without, side by side
	Kind     string    // what Body is
	Body     []byte    // at most MaxBody
	Deadline time.Time // it is not handled after that, by the clock of the bus; zero = it is, whenever
	Attempt  int       // how often it was handed over, this time included; set by the bus
}

// Server handles a topic.
type Server struct {
	Consumer  string // who it is, for operators; "" = this process
	Exclusive bool   // only one serves this topic: it takes over at once what another left
	Token     uint64 // of an exclusive server; one with a lower token is refused
	Workers   int    // most messages handled side by side; 0 = 32
	Retries   int    // how often a message is tried again before it is dead; 0 = 5, negative = never

	// Handle carries a message out and returns the answer. Its context ends with the
	// message's deadline, with Serve, and when another has taken over.
	//
	// Whoever asked by Request is told every error at once. An error of kind Invalid,
	// NotFound, Denied, Unsupported, Corrupt or TooLarge is the result, and kept; all
	// others say that nothing happened and that the same ID may be sent again.
	// What was sent by Send is tried again after other errors, later and
	// later, while the following messages of its key wait; then it is dead. It is dead
	// at once after the former ones. A panic is an error of kind Internal.
	Handle func(ctx context.Context, m Message) ([]byte, error)
}

// Event is something published.
type Event struct {
	Kind   string
	Body   []byte
	Missed bool // events before this one may be lost: the follower was away for too long
}

// Dead is a message that could not be handled.
type Dead struct {
	Message        // its ID is "" when it was unreadable; Attempt is how often it was tried
	Entry   string // names it for Replay and Bury
	At      time.Time
	Why     string // the last error
}

// TopicState is what operators want to know of a topic.
type TopicState struct {
	Name      string
	Length    int           // messages in it, Pending included
	Pending   int           // handed over and not done
	Lag       int           // not yet handed over
	Dead      int           // in its list of dead messages
	Oldest    time.Duration // how long the oldest has been in it
	Token     uint64        // of its exclusive server
	Consumers []Consumer    // who serves it, by name
}

// Consumer is a server of a topic as others see it.
type Consumer struct {
	Name    string
	Pending int           // handed to it and not done
	Seen    time.Duration // ago
}
