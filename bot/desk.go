package bot

import (
	"context"
	"errors"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
	"busker/track"
)

// desk makes the requests of one keeper, one at a time, when Discord's limits allow, and as
// long as its guild is this process's.
type desk struct {
	b     *Bot
	guild snowflake.ID
	rest  *discordgo.Session // its own, for its goroutine
}

func (b *Bot) newDesk(guild snowflake.ID) desk {
	return desk{b: b, guild: guild, rest: ownLimits(b.opts.REST)}
}

// lost reports whether the guild is known to be another process's.
func (d desk) lost(ctx context.Context) bool {
	lost, _ := d.b.mayAct(ctx, d.guild)
	return lost
}

// requestTimeout is for one request of a keeper, its waits included. What was not
// done by then is tried again with the next event, or in CardProgress.
const requestTimeout = 30 * time.Second

// request makes a request when Discord's limits allow it. It waits for nothing beyond
// the end of ctx. The error wraps errNotOurs when the guild is not this process's.
func (d desk) request(ctx context.Context, bucket string, do func(context.Context) error) error {
	return d.finish(ctx, bucket, func(ctx context.Context) error {
		if _, err := d.b.mayAct(ctx, d.guild); err != nil {
			return err
		}
		return do(ctx)
	})
}

// finish is request for what ends something begun while the guild was ours.
func (d desk) finish(ctx context.Context, bucket string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return retry(ctx, func() error {
		if err := room(ctx, d.rest, bucket); err != nil {
			return err
		}
		if err := d.b.turn(ctx); err != nil {
			return err
		}
		return do(ctx)
	})
}

// turn waits until one more request may be made.
func (b *Bot) turn(ctx context.Context) error {
	if err := b.writes.Wait(ctx); err != nil || b.opts.Turn == nil {
		return err
	}
	return b.opts.Turn(ctx)
}

// postGrace is how long a stop waits for the answer to a post: without its id, the
// message could not be marked as over.
const postGrace = 500 * time.Millisecond

// create posts a message, with a picture unless it is nil.
func (d desk) create(ctx context.Context, channel string, p *track.Artwork, m *discordgo.MessageSend) (made *discordgo.Message, err error) {
	err = d.request(ctx, discordgo.EndpointChannelMessages(channel), func(ctx context.Context) error {
		ctx, cancel := outlive(ctx, postGrace)
		defer cancel()
		m.Files = files(p) // each try reads the picture from its start
		made, err = d.rest.ChannelMessageSendComplex(channel, m, once(ctx)...)
		return err
	})
	return made, err
}

// say posts a text that pings nobody.
func (d desk) say(ctx context.Context, channel, text string, flags discordgo.MessageFlags) error {
	_, err := d.create(ctx, channel, nil, &discordgo.MessageSend{
		Content: cut(text, maxContent), AllowedMentions: nobody(), Flags: flags | discordgo.MessageFlagsSuppressEmbeds,
		Components: []discordgo.MessageComponent{},
	})
	return err
}

// send makes a request with a JSON body that discordgo has no method for.
func (d desk) send(ctx context.Context, method, url string, body any) error {
	return d.request(ctx, url, func(ctx context.Context) error {
		_, err := d.rest.RequestWithBucketID(method, url, body, url, once(ctx)...)
		return err
	})
}

// restCode is Discord's error code in err, 0 when there is none.
func restCode(err error) int {
	var rest *discordgo.RESTError
	if errors.As(err, &rest) && rest.Message != nil {
		return rest.Message.Code
	}
	return 0
}

// forbidden reports whether trying the same again cannot succeed soon.
func forbidden(err error) bool {
	switch restCode(err) {
	case discordgo.ErrCodeMissingPermissions, discordgo.ErrCodeMissingAccess, discordgo.ErrCodeUnknownChannel:
		return true
	}
	return false
}
