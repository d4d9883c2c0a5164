package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"busker/cluster"
	"busker/internal/fault"
	"busker/player"
)

// ServerOptions describe a Server. Process, Local, Token and Bus are required.
type ServerOptions struct {
	Process string // this member's id
	Local   Local
	// Token is by which lease this process has a guild, 0 for none; it never waits.
	Token func(guild player.GuildID) uint64
	// Validate says why a guild must not be touched; it may ask the cluster. nil = Token is
	// enough.
	Validate func(ctx context.Context, guild player.GuildID) error
	Bus      interface {
		Topics
		Publisher
	}
	Workers int // most guilds of a shard served side by side; 0 = the bus's own

	Logger  *slog.Logger // nil = none
	Metrics *Metrics     // nil = counted nowhere
}

// fill replaces zeros by the defaults, or says what is missing.
func (o *ServerOptions) fill() error {
	if o.Process == "" || o.Local == nil || o.Token == nil || o.Bus == nil {
		return errors.New("remote server options: Process, Local, Token and Bus are required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	return nil
}

// Server carries out here what other processes send.
type Server struct{ opts ServerOptions }

// NewServer returns a Server that publishes events once Run runs.
func NewServer(opts ServerOptions) (*Server, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	return &Server{opts}, nil
}

// Serve carries out what others send to the owner of a shard, until ctx ends or another
// process serves it by a higher token. token is of the lease this process has; messages
// that name another are answered as moved. It is called once for each shard and lease, any
// number at the same time.
func (s *Server) Serve(ctx context.Context, shard, shards int, token uint64) error {
	return s.opts.Bus.Serve(ctx, topicOf(shard, shards), cluster.Server{
		Consumer: s.opts.Process, Exclusive: true, Token: token, Workers: s.opts.Workers,
		Handle: func(ctx context.Context, m cluster.Message) ([]byte, error) { return s.handle(ctx, token, m) },
	})
}

// handle answers one message. What became of a command is in the answer and is no error:
// the bus must not try it again.
func (s *Server) handle(ctx context.Context, token uint64, m cluster.Message) ([]byte, error) {
	switch m.Kind {
	case kindCommand:
		var o order
		if err := read(m.Body, &o); err != nil {
			return nil, err
		}
		a := s.carryOut(ctx, token, o)
		if err := ctx.Err(); err != nil && a.Status == nil { // nobody knows yet
			return nil, err
		}
		return fit(a)
	case kindStatus:
		var q question
		if err := read(m.Body, &q); err != nil {
			return nil, err
		}
		return s.tellWhole(token, q)
	}
	return nil, fault.Wrap(fault.Unsupported, "Another part of Busker has a newer version; try again when all are up to date.",
		fmt.Errorf("unknown kind of message %q", m.Kind))
}

func (s *Server) carryOut(ctx context.Context, token uint64, o order) answer {
	status, err := s.do(ctx, token, o)
	switch {
	case errors.Is(err, player.ErrMoved):
		s.opts.Metrics.served.WithLabelValues("moved").Inc()
		return answer{Moved: true}
	case err != nil:
		s.opts.Metrics.served.WithLabelValues(fault.KindOf(err).String()).Inc()
		return answer{Err: fault.Marshal(err)}
	}
	s.opts.Metrics.served.WithLabelValues("done").Inc()
	w := statusOf(status)
	return answer{Status: &w}
}

func (s *Server) do(ctx context.Context, token uint64, o order) (player.Status, error) {
	c, err := commands.unwrap(o.Command)
	if err != nil {
		return player.Status{}, err
	}
	if !s.ours(o.Guild, token, o.Token) {
		return player.Status{}, player.ErrMoved
	}
	if s.opts.Validate != nil {
		if err := s.opts.Validate(ctx, o.Guild); err != nil {
			s.opts.Logger.Debug("a command is refused: the guild may be another's", "guild", o.Guild, "err", err)
			return player.Status{}, player.ErrMoved
		}
	}
	ctx = player.WithCommandID(ctx, o.ID)
	if actor := (player.Actor{User: o.User, Face: o.Face}); actor != (player.Actor{}) {
		ctx = player.WithActor(ctx, actor)
	}
	return s.opts.Local.Do(ctx, o.Guild, c)
}

// ours reports whether the lease a shard is served by is the one the sender means, and
// still the one this process has.
func (s *Server) ours(guild player.GuildID, served, meant uint64) bool {
	return served == meant && s.opts.Token(guild) == served
}

// tellWhole answers a question, with no more of the queues than the bus takes.
func (s *Server) tellWhole(token uint64, q question) ([]byte, error) {
	a := s.tell(token, q)
	b, err := write(a)
	if err != nil || len(b) <= cluster.MaxBody {
		return b, err
	}
	for _, w := range a.Statuses {
		*w.Status = headOf(*w.Status)
	}
	return write(a)
}

func (s *Server) tell(token uint64, q question) answers {
	a := answers{Statuses: map[player.GuildID]status{}}
	for _, g := range q.Guilds {
		if !s.ours(g, token, q.Token) {
			s.opts.Metrics.served.WithLabelValues("moved").Inc()
			return answers{Moved: true}
		}
		if status, ok := s.opts.Local.Status(g); ok {
			if len(q.Guilds) > 1 {
				status = headOf(status)
			}
			a.Statuses[g] = statusOf(status)
		}
	}
	s.opts.Metrics.served.WithLabelValues("told").Inc()
	return a
}
