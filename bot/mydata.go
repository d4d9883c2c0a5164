package bot

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/playlists"
	"busker/queue"
	"busker/settings"
)

// Records are all that is kept of people, the audit trail and queues included.
type Records interface {
	// ExportUser returns all that is kept of a person, for JSON.
	ExportUser(ctx context.Context, user snowflake.ID) (any, error)
	// EraseUser deletes it, or takes the person's id off what stays for others.
	EraseUser(ctx context.Context, user snowflake.ID) (playlists.Erased, error)
}

// onlyMusic are the Records of a bot that keeps nothing but playlists and history.
type onlyMusic struct{ playlists.Store }

func (m onlyMusic) ExportUser(ctx context.Context, user snowflake.ID) (any, error) {
	return m.Export(ctx, user)
}

func (m onlyMusic) EraseUser(ctx context.Context, user snowflake.ID) (playlists.Erased, error) {
	return m.Erase(ctx, user)
}

const (
	actionErase = "erase"
	actionKeep  = "erase_not"
)

func dataCommands() []*command {
	return []*command{{name: "mydata", about: aboutMyData, topic: topicAbout, subs: []*command{
		{name: "export", about: aboutDataExport, private: true, run: exportData},
		{name: "delete", about: aboutDataDelete, private: true, run: askErase},
	}}}
}

func dataPresses() map[string]handler {
	return map[string]handler{
		actionErase: {as: "mydata", run: erase},
		actionKeep: {run: func(ctx context.Context, c *call, _ customID) error {
			return c.update(ctx, reply{text: c.w.Say(textDataKept)})
		}},
	}
}

// personalData is the file somebody gets.
type personalData struct {
	User     snowflake.ID  `json:"user"`
	At       time.Time     `json:"exportedAt"`
	Settings settings.User `json:"settings"`
	Kept     any           `json:"kept"`
	Queued   []queue.Item  `json:"queuedHere"` // in this server's queue, now
}

func exportData(ctx context.Context, c *call) (reply, error) {
	data := personalData{User: c.user, At: time.Now().UTC().Truncate(time.Second), Settings: c.own}
	var err error
	if data.Kept, err = c.b.opts.Records.ExportUser(ctx, c.user); err != nil {
		return reply{}, err
	}
	for _, item := range c.status.Queue {
		if snowflake.ID(item.Requester) == c.user {
			data.Queued = append(data.Queued, *item)
		}
	}
	file, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return reply{}, err
	}
	sent, err := fitting(attachment{name: "busker-" + c.user.String() + ".json", mime: "application/json", data: file})
	if err != nil {
		return reply{}, err
	}
	return reply{text: c.w.Say(textDataExported) + "\n" + c.dataWhat(), files: []attachment{sent}}, nil
}

// maxUpload is the largest file a bot may send, in bytes, and a little less: 10 MiB.
const maxUpload = 10<<20 - 1<<16

// fitting is a file that can be sent: compressed where it is too large.
func fitting(file attachment) (attachment, error) {
	if len(file.data) <= maxUpload {
		return file, nil
	}
	var small bytes.Buffer
	zipped := gzip.NewWriter(&small)
	if _, err := zipped.Write(file.data); err != nil {
		return file, err
	}
	if err := zipped.Close(); err != nil {
		return file, err
	}
	if small.Len() > maxUpload {
		return file, fault.New(fault.TooLarge, textDataTooLarge)
	}
	return attachment{name: file.name + ".gz", mime: "application/gzip", data: small.Bytes()}, nil
}

// dataWhat tells what is kept, and for how long.
func (c *call) dataWhat() string {
	text := c.w.Say(textDataWhat)
	if history, audit := days(c.b.opts.KeepHistory), days(c.b.opts.KeepAudit); history > 0 && audit > 0 {
		text += "\n" + c.w.Say(textDataHowLong, history, audit)
	}
	return text
}

func days(d time.Duration) int {
	const day = 24 * time.Hour
	return int(d / day)
}

// askErase says what would go, and asks.
func askErase(_ context.Context, c *call) (reply, error) {
	return reply{text: c.w.Say(textDataErase) + "\n" + c.dataWhat(), rows: rowsOf([]discordgo.MessageComponent{
		pressable(actionErase, c.user.String(), c.w.Say(labelDeleteAll), discordgo.DangerButton),
		pressable(actionKeep, "", c.w.Say(labelKeep), discordgo.SecondaryButton),
	})}, nil
}

// erase deletes everything. What of it fails is tried again when somebody asks again: no
// step needs an earlier one.
func erase(ctx context.Context, c *call, _ customID) error {
	if err := c.later(ctx); err != nil {
		return err
	}
	if err := c.forget(ctx); err != nil {
		return err
	}
	if _, err := c.b.settings.ChangeUser(ctx, c.user, func(u *settings.User) error { *u = settings.User{}; return nil }); err != nil {
		return err
	}
	gone, err := c.b.opts.Records.EraseUser(ctx, c.user)
	if err == nil {
		err = c.forget(ctx) // by whom has begun to play meanwhile
	}
	if err != nil {
		return err
	}
	c.deliver(ctx, reply{text: c.w.Say(textDataErased, gone.Lists, gone.Favourites, gone.Plays+gone.Entries)})
	return nil
}

// forget takes whoever asks out of all queues in memory, in nobody's name: the audit log
// must not name them again.
func (c *call) forget(ctx context.Context) error {
	ctx = player.WithActor(ctx, player.Actor{})
	user := queue.UserID(c.user)
	for _, guild := range c.b.guildsWith(c.guild) {
		s, ok := c.b.opts.Doer.Status(guild)
		if !ok {
			continue
		}
		if has(s.Queue, c.user) {
			if _, err := c.b.opts.Doer.Do(ctx, guild, player.RemoveBy{Users: []queue.UserID{user}}); err != nil {
				return fmt.Errorf("erase from a queue: %w", err)
			}
		}
		if _, err := c.b.opts.Doer.Do(ctx, guild, player.Forget{User: user}); err != nil {
			return fmt.Errorf("erase from what a queue remembers: %w", err)
		}
	}
	return nil
}

// guildsWith are the guilds of which something may be in memory, this one among them.
func (b *Bot) guildsWith(guild snowflake.ID) []snowflake.ID {
	if b.opts.Facts == nil {
		return []snowflake.ID{guild}
	}
	return append([]snowflake.ID{guild}, b.opts.Facts.Facts().Playing...)
}

func has(items []*queue.Item, user snowflake.ID) bool {
	for _, item := range items {
		if snowflake.ID(item.Requester) == user {
			return true
		}
	}
	return false
}
