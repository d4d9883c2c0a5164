package bot

import (
	"context"
	"time"

	"github.com/bwmarrin/discordgo"
)

// reply is an answer to whoever asked.
type reply struct {
	text string
	rows []discordgo.MessageComponent
}

// maxContent is the most characters of a message. Discord refuses a longer one, and who
// asked would see "thinking" for ever.
const maxContent = 2000

// ackTimeout is how long Discord waits for the first answer to an interaction.
const ackTimeout = 3 * time.Second

// answerTimeout is for one later request, its waits for a rate limit included. Each
// keeps a worker of the gateway.
const answerTimeout = 30 * time.Second

// lastWords is for the final answer when the process stops: within the gateway's
// share of a stop, which comes after the bot's.
const lastWords = 1500 * time.Millisecond

// answerer answers one interaction. It has limits of its own because discordgo
// keeps a rate-limit bucket for every interaction token it ever saw: these
// go with the interaction. Interaction endpoints are outside the bot's global
// limit.
type answerer struct {
	rest *discordgo.Session
	i    *discordgo.Interaction
}

func newAnswerer(rest *discordgo.Session, i *discordgo.Interaction) *answerer {
	return &answerer{i: i, rest: ownLimits(rest)}
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
		Content: cut(text, maxContent), AllowedMentions: nobody(), Components: []discordgo.MessageComponent{},
		Flags: discordgo.MessageFlagsEphemeral | discordgo.MessageFlagsSuppressEmbeds,
	})
}

// offer answers with choices for what is being typed.
func (a *answerer) offer(ctx context.Context, choices []*discordgo.ApplicationCommandOptionChoice) error {
	return a.respond(ctx, discordgo.InteractionApplicationCommandAutocompleteResult, &discordgo.InteractionResponseData{
		Choices: choices,
	})
}

// updateCard rewrites the card whose button was pressed, without a picture.
func (a *answerer) updateCard(ctx context.Context, v view) error {
	return a.respond(ctx, discordgo.InteractionResponseUpdateMessage, &discordgo.InteractionResponseData{
		Components: v.components, AllowedMentions: nobody(), Attachments: &[]*discordgo.MessageAttachment{},
		Flags: discordgo.MessageFlagsIsComponentsV2,
	})
}

// update rewrites the message whose button was pressed.
func (a *answerer) update(ctx context.Context, r reply) error {
	return a.respond(ctx, discordgo.InteractionResponseUpdateMessage, &discordgo.InteractionResponseData{
		Content: cut(r.text, maxContent), AllowedMentions: nobody(), Components: rows(r),
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
	content, components := cut(r.text, maxContent), rows(r)
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return retry(ctx, func() error {
		_, err := a.rest.InteractionResponseEdit(a.i, &discordgo.WebhookEdit{
			Content: &content, Components: &components, AllowedMentions: nobody(),
		}, once(ctx)...)
		return err
	})
}

// followUp tells whoever asked something more, only them.
func (a *answerer) followUp(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return retry(ctx, func() error {
		_, err := a.rest.FollowupMessageCreate(a.i, false, &discordgo.WebhookParams{
			Content: cut(text, maxContent), AllowedMentions: nobody(), Components: []discordgo.MessageComponent{},
			Flags: discordgo.MessageFlagsEphemeral | discordgo.MessageFlagsSuppressEmbeds,
		}, once(ctx)...)
		return err
	})
}

// takeBack deletes the deferred reply. It must be gone before the first follow-up,
// which would otherwise take its place and be as public as it.
func (a *answerer) takeBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
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
