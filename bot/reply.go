package bot

import (
	"bytes"
	"context"
	"time"

	"github.com/bwmarrin/discordgo"
)

// reply is what is answered: a text with rows of components below it, or parts, which are
// Components V2. A message that once had parts cannot go back to a text.
type reply struct {
	text  string
	rows  []discordgo.MessageComponent
	parts []discordgo.MessageComponent
	files []attachment
}

// attachment is a file to send.
type attachment struct {
	name, mime string
	data       []byte
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
	came time.Time
}

func newAnswerer(rest *discordgo.Session, i *discordgo.Interaction) *answerer {
	return &answerer{i: i, rest: ownLimits(rest), came: time.Now()}
}

// message is the body of a message, as Discord takes it anywhere. discordgo's types leave
// out flags in some places.
type message struct {
	Content     *string                           `json:"content,omitempty"`
	Components  []discordgo.MessageComponent      `json:"components"`
	Mentions    *discordgo.MessageAllowedMentions `json:"allowed_mentions,omitempty"`
	Flags       discordgo.MessageFlags            `json:"flags,omitempty"`
	Attachments *[]discordgo.MessageAttachment    `json:"attachments,omitempty"`
}

func (r reply) message(flags discordgo.MessageFlags) message {
	m := message{Mentions: nobody(), Components: r.rows, Flags: flags}
	if r.parts != nil {
		m.Components, m.Flags = r.parts, flags|discordgo.MessageFlagsIsComponentsV2
	} else {
		content := cut(r.text, maxContent)
		m.Content = &content
	}
	if m.Components == nil {
		m.Components = []discordgo.MessageComponent{}
	}
	return m
}

func (r reply) uploads() []*discordgo.File {
	files := make([]*discordgo.File, 0, len(r.files))
	for _, f := range r.files {
		files = append(files, &discordgo.File{Name: f.name, ContentType: f.mime, Reader: bytes.NewReader(f.data)})
	}
	return files
}

// deferReply shows "thinking", to everybody or only to whoever asked.
func (a *answerer) deferReply(ctx context.Context, private bool) error {
	data := map[string]any{}
	if private {
		data["flags"] = discordgo.MessageFlagsEphemeral
	}
	return a.respond(ctx, discordgo.InteractionResponseDeferredChannelMessageWithSource, data, nil)
}

// deferUpdate acknowledges a press without changing anything.
func (a *answerer) deferUpdate(ctx context.Context) error {
	return a.respond(ctx, discordgo.InteractionResponseDeferredMessageUpdate, nil, nil)
}

// whisper answers at once, only to whoever asked.
func (a *answerer) whisper(ctx context.Context, r reply) error {
	flags := discordgo.MessageFlagsEphemeral
	if r.parts == nil {
		flags |= discordgo.MessageFlagsSuppressEmbeds
	}
	return a.respond(ctx, discordgo.InteractionResponseChannelMessageWithSource, r.message(flags), r.uploads())
}

// offer answers with choices for what is being typed.
func (a *answerer) offer(ctx context.Context, choices []*discordgo.ApplicationCommandOptionChoice) error {
	return a.respond(ctx, discordgo.InteractionApplicationCommandAutocompleteResult, map[string]any{"choices": choices}, nil)
}

// update rewrites the message whose button was pressed; pictures it had go.
func (a *answerer) update(ctx context.Context, r reply) error {
	m := r.message(0)
	m.Attachments = &[]discordgo.MessageAttachment{}
	return a.respond(ctx, discordgo.InteractionResponseUpdateMessage, m, r.uploads())
}

// open answers with a form.
func (a *answerer) open(ctx context.Context, f form) error {
	const longestTitle = 45
	return a.respond(ctx, discordgo.InteractionResponseModal, map[string]any{
		"custom_id": f.id.String(), "title": cut(f.title, longestTitle), "components": f.parts,
	}, nil)
}

func (a *answerer) respond(ctx context.Context, kind discordgo.InteractionResponseType, data any, files []*discordgo.File) error {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	body := map[string]any{"type": kind}
	if data != nil {
		body["data"] = data
	}
	url := discordgo.EndpointInteractionResponse(a.i.ID, a.i.Token)
	return a.send(ctx, "POST", url, body, files)
}

// edit replaces the deferred reply, or the message whose button was pressed; pictures it had
// go if there are none to be.
func (a *answerer) edit(ctx context.Context, r reply, bare bool) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	url := discordgo.EndpointWebhookMessage(a.i.AppID, a.i.Token, "@original")
	m := r.message(0)
	if bare {
		m.Attachments = &[]discordgo.MessageAttachment{}
	}
	return a.send(ctx, "PATCH", url, m, r.uploads())
}

// followUp tells whoever asked something more, only them.
func (a *answerer) followUp(ctx context.Context, r reply) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	flags := discordgo.MessageFlagsEphemeral
	if r.parts == nil {
		flags |= discordgo.MessageFlagsSuppressEmbeds
	}
	url := discordgo.EndpointWebhookToken(a.i.AppID, a.i.Token)
	return a.send(ctx, "POST", url, r.message(flags), r.uploads())
}

// takeBack deletes the deferred reply. It must be gone before the first follow-up,
// which would otherwise take its place and be as public as it.
func (a *answerer) takeBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return retry(ctx, func() error { return a.rest.InteractionResponseDelete(a.i, once(ctx)...) })
}

// send makes one request with body as JSON, and files beside it.
func (a *answerer) send(ctx context.Context, method, url string, body any, files []*discordgo.File) error {
	if len(files) == 0 {
		return retry(ctx, func() error {
			_, err := a.rest.RequestWithBucketID(method, url, body, url, once(ctx)...)
			return err
		})
	}
	kind, raw, err := discordgo.MultipartBodyWithJSON(body, files)
	if err != nil {
		return err
	}
	return retry(ctx, func() error {
		_, err := a.rest.RequestRaw(method, url, kind, raw, url, 0, once(ctx)...)
		return err
	})
}

// nobody is an allowed_mentions that lets a message ping nobody.
func nobody() *discordgo.MessageAllowedMentions {
	return &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}
}
