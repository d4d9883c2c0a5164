package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/gateway/conn"
	"busker/internal/fault"
)

// plan is how the shards are to connect.
type plan struct {
	url         string // websocket address for new sessions
	shards      int
	concurrency int // identify buckets, Discord's max_concurrency
	identifies  *identifyLimiter
}

// plan asks Discord for it, again and again while Discord cannot be reached.
func (g *Gateway) plan(ctx context.Context) (plan, error) {
	pause := conn.Backoff{First: g.opts.ReconnectWait}
	for {
		got, err := g.rest.GatewayBot(discordgo.WithContext(ctx))
		if err == nil {
			return g.makePlan(got)
		}
		if refused(err) {
			return plan{}, conn.Refused(err)
		}
		g.log.Warn("discord does not answer", "err", err)
		if err := pause.Wait(ctx); err != nil {
			return plan{}, err
		}
	}
}

// refused reports whether err is Discord refusing the token over REST.
func refused(err error) bool {
	if errors.Is(err, discordgo.ErrUnauthorized) {
		return true
	}
	var rest *discordgo.RESTError
	return errors.As(err, &rest) && rest.Response != nil && rest.Response.StatusCode == http.StatusUnauthorized
}

func (g *Gateway) makePlan(got *discordgo.GatewayBotResponse) (plan, error) {
	p := plan{url: got.URL, shards: g.opts.Shards, concurrency: max(1, got.SessionStartLimit.MaxConcurrency)}
	if p.shards == 0 {
		p.shards = max(1, got.Shards)
	}
	// Discord resets the token of a bot that identifies more often than allowed.
	if l := got.SessionStartLimit; l.Total > 0 && l.Remaining < p.shards {
		reset := time.Duration(l.ResetAfter) * time.Millisecond
		return plan{}, fault.Newf(fault.Busy, "Discord allows this bot only %d more connections, and %d shards need one each. The limit of %d is renewed in %v.", l.Remaining, p.shards, l.Total, reset.Round(time.Second))
	}
	p.identifies = newIdentifyLimiter(p.concurrency, g.opts.IdentifyEvery)
	return p, nil
}
