package bot

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/bwmarrin/discordgo"
)

// reply is an answer to whoever asked.
type reply struct {
	text string
	rows []discordgo.MessageComponent
}

// ackTimeout is how long Discord waits for the first answer to an interaction.
const ackTimeout = 3 * time.Second

// answerer answers one interaction. It has a client of its own because discordgo
// keeps a rate-limit bucket for every interaction token it ever saw: this one
// goes with the interaction. Interaction endpoints are outside the bot's global
// limit.
type answerer struct {
	rest *discordgo.Session
	i    *discordgo.Interaction
}

func newAnswerer(rest *discordgo.Session, i *discordgo.Interaction) *answerer {
	return &answerer{i: i, rest: &discordgo.Session{
		Client: rest.Client, Token: rest.Token, UserAgent: rest.UserAgent, LogLevel: rest.LogLevel,
		MaxRestRetries: rest.MaxRestRetries, Ratelimiter: discordgo.NewRatelimiter(),
	}}
}

// deferReply shows "thinking", to everybody or only to whoever asked.
func (a *answerer) deferReply(ctx context.Context, private bool) error {
	data := &discordgo.InteractionResponseData{}
	if private {
		data.Flags = discordgo.MessageFlagsEphemeral
	}
	return a.respond(ctx, discordgo.InteractionResponseDeferredChannelMessageWithSource, data)
}

// deferUpdate acknowledges a press without changing anything.
func (a *answerer) deferUpdate(ctx context.Context) error {
	return a.respond(ctx, discordgo.InteractionResponseDeferredMessageUpdate, nil)
}

// whisper answers at once, only to whoever asked.
func (a *answerer) whisper(ctx context.Context, text string) error {
	return a.respond(ctx, discordgo.InteractionResponseChannelMessageWithSource, &discordgo.InteractionResponseData{
		Content: text, AllowedMentions: nobody(), Components: []discordgo.MessageComponent{},
		Flags: discordgo.MessageFlagsEphemeral | discordgo.MessageFlagsSuppressEmbeds,
	})
}

// offer answers with choices for what is being typed.
func (a *answerer) offer(ctx context.Context, choices []*discordgo.ApplicationCommandOptionChoice) error {
	return a.respond(ctx, discordgo.InteractionApplicationCommandAutocompleteResult, &discordgo.InteractionResponseData{
		Choices: choices,
	})
}

// update rewrites the message whose button was pressed.
func (a *answerer) update(ctx context.Context, r reply) error {
	return a.respond(ctx, discordgo.InteractionResponseUpdateMessage, &discordgo.InteractionResponseData{
		Content: r.text, AllowedMentions: nobody(), Components: rows(r),
	})
}

func (a *answerer) respond(ctx context.Context, kind discordgo.InteractionResponseType, data *discordgo.InteractionResponseData) error {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	return retry(ctx, func() error {
		return a.rest.InteractionRespond(a.i, &discordgo.InteractionResponse{Type: kind, Data: data}, once(ctx)...)
	})
}

// edit replaces the deferred reply.
func (a *answerer) edit(ctx context.Context, r reply) error {
	components := rows(r)
	return retry(ctx, func() error {
		_, err := a.rest.InteractionResponseEdit(a.i, &discordgo.WebhookEdit{
			Content: &r.text, Components: &components, AllowedMentions: nobody(),
		}, once(ctx)...)
		return err
	})
}

// followUp tells whoever asked something more, only them.
func (a *answerer) followUp(ctx context.Context, text string) error {
	return retry(ctx, func() error {
		_, err := a.rest.FollowupMessageCreate(a.i, false, &discordgo.WebhookParams{
			Content: text, AllowedMentions: nobody(), Components: []discordgo.MessageComponent{},
			Flags: discordgo.MessageFlagsEphemeral | discordgo.MessageFlagsSuppressEmbeds,
		}, once(ctx)...)
		return err
	})
}

// takeBack deletes the deferred reply. It must be gone before the first follow-up,
// which would otherwise take its place and be as public as it.
func (a *answerer) takeBack(ctx context.Context) error {
	return retry(ctx, func() error { return a.rest.InteractionResponseDelete(a.i, once(ctx)...) })
}

func rows(r reply) []discordgo.MessageComponent {
	if r.rows == nil {
		return []discordgo.MessageComponent{}
	}
	return r.rows
}

// nobody is an allowed_mentions that lets a message ping nobody.
func nobody() *discordgo.MessageAllowedMentions {
	return &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}
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
		t := time.NewTimer(limited.RetryAfter)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return withoutAddress(err)
		}
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
