// Package rest is the REST face of the local Discord: routes, tokens, bodies,
// rate limits and error shapes over a world.
//
// It keeps no state but its rate limits and the faults tests ask for. A Server is
// an http.Handler; it starts no goroutines.
package rest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"busker/emulator/discord"
	"busker/emulator/world"
)

// Gateway is what REST tells about the gateway.
type Gateway interface {
	// URL is the websocket address.
	URL() string
	// Starts are the identifies the bot may still do.
	Starts(bot discord.ID) Starts
}

// Starts is Discord's session_start_limit and the shards it recommends.
type Starts struct {
	Shards         int
	Total          int
	Remaining      int
	ResetAfter     time.Duration
	MaxConcurrency int
}

// Options of a server.
type Options struct {
	World   *world.World
	Gateway Gateway
	Limits  Limits
	Logger  *slog.Logger // default: none
}

// Server answers Discord's REST API under /api, /api/v9 and /api/v10, and serves
// attachments under /attachments.
type Server struct {
	world   *world.World
	gateway Gateway
	log     *slog.Logger
	limits  *limiter
	faults  faults
	counts  *counts
	mux     *http.ServeMux
}

// New returns a server.
func New(opts Options) *Server {
	s := &Server{world: opts.World, gateway: opts.Gateway, log: opts.Logger, limits: newLimiter(opts.Limits), counts: newCounts(), mux: http.NewServeMux()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, r := range s.routes() {
		s.mux.Handle(r.method+" "+r.path, s.route(r))
	}
	return s
}

// access says who may use a route.
type access int

const (
	byBot   access = iota // with a bot token
	byToken               // with a token in the path: interactions and their webhooks
	byAll
)

type route struct {
	method, path string
	access       access
	handle       func(*call) (any, error)
}

func (s *Server) routes() []route {
	return []route{
		{"GET", "/gateway", byAll, (*call).getGateway},
		{"GET", "/gateway/bot", byBot, (*call).getGatewayBot},
		{"GET", "/voice/regions", byBot, (*call).getRegions},
		{"GET", "/users/@me", byBot, (*call).getMe},
		{"GET", "/users/@me/guilds", byBot, (*call).getMyGuilds},
		{"GET", "/users/{user}", byBot, (*call).getUser},
		{"GET", "/applications/@me", byBot, (*call).getApplication},
		{"GET", "/oauth2/applications/@me", byBot, (*call).getApplication},

		{"GET", "/guilds/{guild}", byBot, (*call).getGuild},
		{"GET", "/guilds/{guild}/channels", byBot, (*call).getGuildChannels},
		{"GET", "/guilds/{guild}/roles", byBot, (*call).getRoles},
		{"GET", "/guilds/{guild}/members", byBot, (*call).getMembers},
		{"GET", "/guilds/{guild}/members/{user}", byBot, (*call).getMember},
		{"GET", "/guilds/{guild}/voice-states/{user}", byBot, (*call).getVoiceState},
		{"PATCH", "/guilds/{guild}/voice-states/{user}", byBot, (*call).editVoiceState},

		{"GET", "/channels/{channel}", byBot, (*call).getChannel},
		{"PUT", "/channels/{channel}/voice-status", byBot, (*call).setVoiceStatus},
		{"POST", "/channels/{channel}/typing", byBot, (*call).startTyping},
		{"GET", "/channels/{channel}/messages", byBot, (*call).getMessages},
		{"POST", "/channels/{channel}/messages", byBot, (*call).createMessage},
		{"GET", "/channels/{channel}/messages/{message}", byBot, (*call).getMessage},
		{"PATCH", "/channels/{channel}/messages/{message}", byBot, (*call).editMessage},
		{"DELETE", "/channels/{channel}/messages/{message}", byBot, (*call).deleteMessage},

		{"POST", "/interactions/{interaction}/{token}/callback", byToken, (*call).callback},
		{"POST", "/webhooks/{application}/{token}", byToken, (*call).followUp},
		{"GET", "/webhooks/{application}/{token}/messages/{message}", byToken, (*call).getReply},
		{"PATCH", "/webhooks/{application}/{token}/messages/{message}", byToken, (*call).editReply},
		{"DELETE", "/webhooks/{application}/{token}/messages/{message}", byToken, (*call).deleteReply},

		{"GET", "/applications/{application}/commands", byBot, (*call).getCommands},
		{"PUT", "/applications/{application}/commands", byBot, (*call).setCommands},
		{"POST", "/applications/{application}/commands", byBot, (*call).addCommand},
		{"GET", "/applications/{application}/commands/{command}", byBot, (*call).getCommand},
		{"PATCH", "/applications/{application}/commands/{command}", byBot, (*call).editCommand},
		{"DELETE", "/applications/{application}/commands/{command}", byBot, (*call).deleteCommand},
		{"GET", "/applications/{application}/guilds/{guild}/commands", byBot, (*call).getCommands},
		{"PUT", "/applications/{application}/guilds/{guild}/commands", byBot, (*call).setCommands},
		{"POST", "/applications/{application}/guilds/{guild}/commands", byBot, (*call).addCommand},
		{"GET", "/applications/{application}/guilds/{guild}/commands/{command}", byBot, (*call).getCommand},
		{"PATCH", "/applications/{application}/guilds/{guild}/commands/{command}", byBot, (*call).editCommand},
		{"DELETE", "/applications/{application}/guilds/{guild}/commands/{command}", byBot, (*call).deleteCommand},
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/attachments/") {
		s.serveFile(w, r)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/api")
	if !ok {
		fail(w, discord.ErrNotFound)
		return
	}
	for _, version := range []string{"/v9", "/v10"} {
		if rest, ok := strings.CutPrefix(path, version); ok && strings.HasPrefix(rest, "/") {
			path = rest
			break
		}
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = path, ""
	if _, pattern := s.mux.Handler(inner); pattern == "" {
		fail(w, discord.ErrNotFound)
		return
	}
	s.mux.ServeHTTP(w, inner)
}

// route wraps a handler with what all routes have: faults, the token, limits and
// the form of answers.
func (s *Server) route(r route) http.Handler {
	name := r.method + " " + r.path
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c := &call{Server: s, w: w, r: req}
		if r.access == byBot {
			token, bot := strings.CutPrefix(req.Header.Get("Authorization"), "Bot ")
			app, ok := s.world.AppByToken(token)
			if !bot || !ok {
				fail(w, discord.ErrUnauthorized)
				return
			}
			c.app = app
		}
		if s.faults.strike(w, req, name) {
			return
		}
		s.counts.add(s.counts.Requests, name)
		if r.access != byAll && !s.limits.allow(w, req, name, c.app.Token) {
			s.counts.add(s.counts.Limited, name)
			s.log.Info("rate limited", "route", name)
			return
		}
		out, err := r.handle(c)
		c.answer(name, out, err)
	})
}

// call is one request being answered.
type call struct {
	*Server
	w   http.ResponseWriter
	r   *http.Request
	app world.App
}

// created is an answer with status 201.
type created struct{ body any }

func (c *call) answer(name string, out any, err error) {
	var refused *discord.Error
	switch {
	case errors.As(err, &refused):
		c.counts.add(c.counts.Refused, name)
		c.log.Debug("request refused", "route", name, "error", err)
		fail(c.w, refused)
	case err != nil:
		c.log.Error("request broke", "route", name, "error", err)
		fail(c.w, discord.ErrInternal)
	case out == nil:
		c.w.WriteHeader(http.StatusNoContent)
	default:
		status := http.StatusOK
		if made, ok := out.(created); ok {
			status, out = http.StatusCreated, made.body
		}
		write(c.w, status, out)
	}
}

func fail(w http.ResponseWriter, e *discord.Error) { write(w, e.Status, e) }

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(body)
}
