package bot

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/bwmarrin/discordgo"
)

// ownLimits is rest with rate limits of its own. discordgo sleeps out a limit before a
// request, whatever the request's context says, and with it sleeps whoever shares the
// limits. Whoever has their own, and makes one request at a time, can wait for room.
func ownLimits(rest *discordgo.Session) *discordgo.Session {
	return &discordgo.Session{
		Client: rest.Client, Token: rest.Token, UserAgent: rest.UserAgent, LogLevel: rest.LogLevel,
		MaxRestRetries: rest.MaxRestRetries, Ratelimiter: discordgo.NewRatelimiter(),
	}
}

// room waits until a request would be made without a sleep. bucket is the endpoint by
// which discordgo tells limits apart.
func room(ctx context.Context, rest *discordgo.Session, bucket string) error {
	b := rest.Ratelimiter.GetBucket(bucket)
	b.Lock()
	wait := rest.Ratelimiter.GetWaitTime(b, 1)
	b.Unlock()
	return pause(ctx, wait)
}

// once are the options of a single request: discordgo would sleep out a 429
// whatever ctx says.
func once(ctx context.Context) []discordgo.RequestOption {
	return []discordgo.RequestOption{discordgo.WithContext(ctx), discordgo.WithRetryOnRatelimit(false)}
}

// maxTries is how often a request is made while Discord answers 429.
const maxTries = 5

// retry calls do again after a 429, when Discord says so and ctx allows.
func retry(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		var limited *discordgo.RateLimitError
		if !errors.As(err, &limited) || try == maxTries {
			return withoutAddress(err)
		}
		if pause(ctx, limited.RetryAfter) != nil {
			return withoutAddress(err)
		}
	}
}

// pause waits for d. It does not begin to when ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return context.DeadlineExceeded
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// outlive returns a context that ends a while after ctx.
func outlive(ctx context.Context, while time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(while, cancel) })
	return out, func() {
		stop()
		cancel()
	}
}

// withoutAddress is err without the address it names: the address of an answer
// contains the interaction's token, and errors end in logs.
func withoutAddress(err error) error {
	var failed *url.Error
	var limited *discordgo.RateLimitError
	switch {
	case errors.As(err, &failed):
		return fmt.Errorf("%s: %w", failed.Op, failed.Err)
	case errors.As(err, &limited):
		return fmt.Errorf("rate limited for %v", limited.RetryAfter)
	}
	return err
}
