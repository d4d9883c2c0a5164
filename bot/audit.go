package bot

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/store"
)

// Audit keeps who did what. store.Audit, with a recorder in front, is one.
type Audit interface {
	// Record takes note of something that was done, or was tried. It never waits.
	Record(r player.Record)
	// List returns entries, newest first.
	List(ctx context.Context, q store.AuditQuery) ([]store.AuditEntry, error)
}

// actionAudit turns the pages of /audit: the argument is the ID before which to go on,
// and whose entries.
const actionAudit = "audit"

// auditPage is how many entries one page shows.
const auditPage = 12

func auditCommands() []*command {
	return []*command{
		{name: "audit", about: aboutAudit, topic: topicServer, right: rightServer, private: true, manage: true, run: showAudit, options: options(
			person("user", aboutAuditUser),
		)},
	}
}

func auditPresses() map[string]handler {
	return map[string]handler{actionAudit: {right: rightServer, reads: true, run: turnAudit}}
}

func showAudit(ctx context.Context, c *call) (reply, error) {
	return c.audit(ctx, parseID(c.text("user")), 0)
}

func turnAudit(ctx context.Context, c *call, id customID) error {
	of, before, _ := strings.Cut(id.argument, "-")
	n, err := strconv.ParseInt(before, 10, 64)
	if err != nil {
		return fault.New(fault.Invalid, textOldButton)
	}
	r, err := c.audit(ctx, parseID(of), n)
	if err != nil {
		return err
	}
	return c.update(ctx, r)
}

// audit is a page of what was done in the server, by one person or all, before an entry.
func (c *call) audit(ctx context.Context, of snowflake.ID, before int64) (reply, error) {
	if c.b.opts.Audit == nil {
		return reply{}, fault.New(fault.Unsupported, textNoAudit)
	}
	entries, err := c.b.opts.Audit.List(ctx, store.AuditQuery{Guild: c.guild, Actor: of, Before: before, Limit: auditPage + 1})
	if err != nil {
		return reply{}, err
	}
	more := len(entries) > auditPage
	entries = entries[:min(len(entries), auditPage)]
	if len(entries) == 0 {
		return reply{text: c.mine.Say(textAuditEmpty)}, nil
	}
	var lines []string
	for _, e := range entries {
		lines = append(lines, c.mine.auditLine(e))
	}
	r := reply{text: cut("**"+c.mine.Say(titleAudit)+"**\n"+strings.Join(lines, "\n"), maxContent)}
	if more {
		last := entries[len(entries)-1].ID
		r.rows = []discordgo.MessageComponent{rowOf(discordgo.Button{
			Label: c.mine.Say(labelOlder), Style: discordgo.SecondaryButton,
			CustomID: customID{action: actionAudit, argument: of.String() + "-" + strconv.FormatInt(last, 10)}.String(),
		})}
	}
	return r, nil
}

// auditLine is one entry: when, who, what, and whether it was refused. What it was done
// with is as people wrote it.
func (w tongue) auditLine(e store.AuditEntry) string {
	who := w.Say(textBotItself)
	if e.Actor != 0 {
		who = "<@" + e.Actor.String() + ">"
	}
	what := "`" + plain(e.Command) + "`"
	if e.Detail != "" {
		what += " " + cut(escape(e.Detail), 60)
	}
	if e.Result != "" {
		what += " · " + w.Say(textAuditRefused)
	}
	return "<t:" + strconv.FormatInt(e.At.Unix(), 10) + ":R> " + who + ": " + what
}

// note puts something that no player did into the audit log.
func (c *call) note(command, detail string) {
	if c.b.opts.Audit == nil {
		return
	}
	c.b.opts.Audit.Record(player.Record{
		Guild: c.guild, Actor: player.Actor{User: c.user, Face: face}, Command: command, Detail: detail, At: time.Now(),
	})
}
