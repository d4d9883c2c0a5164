package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
)

// plan is how Discord wants the bot to connect.
type plan struct {
	url     string // websocket address for new sessions
	shards  int    // as Discord recommends
	permits *permits
}

// plan asks Discord for it, again and again while Discord cannot be reached.
func (g *Gateway) plan(ctx context.Context) (plan, error) {
	got, err := g.ask(ctx)
	if err != nil {
		return plan{}, err
	}
	p := plan{url: got.Said.URL, shards: max(1, got.Said.Shards)}
	p.permits = &permits{
		cluster: g.opts.Cluster, concurrency: max(1, got.Said.SessionStartLimit.MaxConcurrency),
		every: g.opts.IdentifyEvery, ask: g.askBudget, log: g.log, newest: got.budget(),
	}
	if !g.alone {
		return p, nil // others may have left sessions that go on
	}
	shards := g.opts.Shards
	if shards == 0 {
		shards = p.shards
	}
	// Discord resets the token of a bot that identifies more often than allowed.
	if l := got.Said.SessionStartLimit; l.Total > 0 && l.Remaining < shards {
		reset := time.Duration(l.ResetAfter) * time.Millisecond
		return plan{}, fault.Newf(fault.Busy, "Discord allows this bot only %d more connections, and %d shards need one each. The limit of %d is renewed in %v.", l.Remaining, shards, l.Total, reset.Round(time.Second))
	}
	return p, nil
}

// recommend asks Discord for a number of shards.
func (g *Gateway) recommend(ctx context.Context) (int, error) {
	got, err := g.ask(ctx)
	if err != nil {
		return 0, err
	}
	return max(1, got.Said.Shards), nil
}

// refused reports whether err is Discord refusing the token over REST.
func refused(err error) bool {
	if errors.Is(err, discordgo.ErrUnauthorized) {
		return true
	}
	var rest *discordgo.RESTError
	return errors.As(err, &rest) && rest.Response != nil && rest.Response.StatusCode == http.StatusUnauthorized
}
