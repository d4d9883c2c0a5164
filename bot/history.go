package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"busker/internal/fault"
	"busker/playlists"
)

const actionHistoryPage = "history_page"

func historyCommands() []*command {
	return []*command{
		{name: "history", about: aboutHistory, topic: topicLibrary, private: true, run: showHistory, options: options(
			oneOf("owner", aboutHistoryOwner, ofServer, ofMe),
		)},
	}
}

func historyPresses() map[string]handler {
	return map[string]handler{actionHistoryPage: {as: "history", reads: true, run: turnHistory}}
}

func showHistory(ctx context.Context, c *call) (reply, error) {
	owner := c.text("owner")
	if owner != ofMe {
		owner = ofServer
	}
	return c.historyPage(ctx, owner, 0)
}

// historyPage shows plays older than the one of an id, the newest first.
func (c *call) historyPage(ctx context.Context, owner string, before int64) (reply, error) {
	part, head := playlists.Plays{Guild: c.guild}, textHistoryServer
	if owner == ofMe {
		part, head = playlists.Plays{User: c.user}, textHistoryMine
	}
	part.Before, part.Limit = before, maxChoices+1
	plays, err := c.b.opts.Playlists.Recent(ctx, part)
	if err != nil {
		return reply{}, err
	}
	more := len(plays) > maxChoices
	plays = plays[:min(len(plays), maxChoices)]
	if len(plays) == 0 {
		return reply{text: c.w.Say(textNoHistory)}, nil
	}
	p := picker{head: c.w.Say(head) + "\n" + c.playLines(plays)}
	for _, play := range plays {
		p.things = append(p.things, thing(refPlay+playID(play), oneLine(play.Track), trackAbout(play.Track)))
	}
	p.turn = c.w.turning(actionHistoryPage, before != 0, more, owner+".0", owner+"."+playID(plays[len(plays)-1]))
	return p.reply(c.w, nil), nil
}

// playLines tell what the newest of the plays were, when, and who asked for them.
func (c *call) playLines(plays []playlists.Play) string {
	const most = 10
	var lines []string
	for _, p := range plays[:min(len(plays), most)] {
		when := fmt.Sprintf("<t:%d:R>", p.At.Unix())
		if p.User == 0 {
			lines = append(lines, c.w.Say(textPlayed, when, c.w.line(p.Track)))
			continue
		}
		lines = append(lines, c.w.Say(textPlayedFor, when, c.w.line(p.Track), p.User))
	}
	return strings.Join(lines, "\n")
}

func playID(p playlists.Play) string { return strconv.FormatInt(p.ID, 10) }

func turnHistory(ctx context.Context, c *call, id customID) error {
	owner, number, _ := strings.Cut(id.argument, ".")
	before, err := strconv.ParseInt(number, 10, 64)
	if err != nil || owner != ofMe && owner != ofServer {
		return fault.New(fault.Invalid, textOldButton)
	}
	r, err := c.historyPage(ctx, owner, before)
	if err != nil {
		return err
	}
	return c.update(ctx, r)
}
