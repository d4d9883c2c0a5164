package gateway

import (
	"context"
	"encoding/json"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/cluster"
	"busker/gateway/conn"
)

// answer is what Discord said of how to connect. All processes share it, since Discord
// takes that question only a few times in a while, however many ask.
type answer struct {
	Asked time.Time                    `json:"asked"`
	Said  discordgo.GatewayBotResponse `json:"said"`
}

const (
	answerKey = "gateway/bot"
	// answerAge is how long an answer does for all: what starts together hears the same.
	answerAge = 5 * time.Second
	// askEvery spaces the questions of all processes: two in five seconds are taken.
	askEvery = 2500 * time.Millisecond
	// askLook is how often those who wait look whether another has got the answer.
	askLook = 50 * time.Millisecond
)

// budget is how many sessions may begin.
func (a answer) budget() budget {
	l := a.Said.SessionStartLimit
	return budget{
		Total: l.Total, Remaining: l.Remaining, Asked: a.Asked,
		Reset: a.Asked.Add(time.Duration(l.ResetAfter) * time.Millisecond),
	}
}

// ask returns how Discord wants the bot to connect: what it told some process just now,
// or what it tells this one, however long that takes.
func (g *Gateway) ask(ctx context.Context) (answer, error) {
	again := conn.Backoff{First: g.opts.ReconnectWait}
	for ours := false; ; ours = true {
		if a, ok := g.shared(ctx); ok {
			return a, nil
		}
		for !ours {
			wait := g.askTurn(ctx)
			if wait <= 0 {
				break
			}
			if err := pause(ctx, min(wait, askLook)); err != nil {
				return answer{}, err
			}
			if a, ok := g.shared(ctx); ok {
				return a, nil
			}
		}
		a, err := g.askOnce(ctx)
		if err == nil {
			return a, nil
		}
		if refused(err) {
			return answer{}, conn.Refused(err)
		}
		g.log.Warn("discord does not answer", "err", err)
		if err := again.Wait(ctx); err != nil {
			return answer{}, err
		}
	}
}

// askBudget asks Discord once how many sessions may begin. What others heard before does
// not do: sessions may have begun since.
func (g *Gateway) askBudget(ctx context.Context) (budget, error) {
	for {
		wait := g.askTurn(ctx)
		if wait <= 0 {
			break
		}
		if err := pause(ctx, wait); err != nil {
			return budget{}, err
		}
	}
	a, err := g.askOnce(ctx)
	return a.budget(), err
}

// shared returns what another process has heard, if it did and the cluster can tell.
func (g *Gateway) shared(ctx context.Context) (a answer, ok bool) {
	b, ok, err := g.opts.Cluster.Cache.Get(ctx, answerKey)
	if err != nil || !ok || json.Unmarshal(b, &a) != nil {
		return answer{}, false
	}
	return a, a.Said.URL != ""
}

// askTurn returns how long it is until the turn of this process to ask, 0 when it is: also
// when nobody knows.
func (g *Gateway) askTurn(ctx context.Context) time.Duration {
	wait, err := g.opts.Cluster.Limits.Take(ctx, answerKey, cluster.Limit{Every: askEvery, Burst: 1})
	if err != nil {
		return 0
	}
	return wait
}

// askOnce asks Discord, and tells the other processes.
func (g *Gateway) askOnce(ctx context.Context) (answer, error) {
	got, err := g.rest.GatewayBot(discordgo.WithContext(ctx))
	if err != nil {
		return answer{}, err
	}
	a := answer{Asked: time.Now(), Said: *got}
	b, err := json.Marshal(a)
	if err == nil {
		err = g.opts.Cluster.Cache.Set(ctx, answerKey, b, answerAge)
	}
	if err != nil {
		g.log.Debug("the other processes ask discord themselves", "err", err)
	}
	return a, nil
}
