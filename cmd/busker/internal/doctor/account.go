package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const doToken = "Copy the token from the Bot page of https://discord.com/developers/applications into DISCORD_TOKEN: " +
	`nothing before it, not even "Bot", and no blanks.`

// token looks whether Discord knows it.
func (d *doctor) token(_ context.Context, f *findings) {
	token := d.Config.Discord.Token.Reveal()
	switch {
	case token == "" && d.Config.Role.Serves():
		f.problem(doToken, "There is no token of a bot.")
		return
	case token == "":
		f.note("There is none, and the role %s needs none.", d.Config.Role)
		return
	case strings.HasPrefix(token, "Bot ") || strings.TrimSpace(token) != token:
		f.problem(doToken, "The token has something before or behind it that does not belong to it.")
		return
	}
	me, err := d.discord.me()
	switch {
	case errors.Is(err, errUnknownToken):
		f.problem(doToken, "Discord does not know the token. Perhaps it was reset.")
	case err != nil:
		d.unreachable(f, err)
	default:
		f.ok("Discord knows it as that of %s (%s).", me.Username, me.ID)
	}
}

// unreachable says why Discord does not answer as it should.
func (d *doctor) unreachable(f *findings, err error) {
	var refused refusal
	switch {
	case errors.As(err, &refused) && refused.status == http.StatusTooManyRequests:
		f.warn("Wait some minutes. If it goes on, look for a program that uses the same token or address.", "Discord wants to be asked less often.")
	case errors.As(err, &refused) && refused.status >= http.StatusInternalServerError:
		f.problem("Look at https://discordstatus.com and wait.", "%s: it is in trouble itself.", sentence(err.Error()))
	case errors.As(err, &refused):
		f.problem("See whether a proxy answers in Discord's place.", "%s.", sentence(err.Error()))
	default:
		f.problem("Let this machine resolve discord.com and connect to port 443 there and at gateway.discord.gg.", "Discord cannot be reached: %s.", plain(err))
	}
}

// known reports whether the account can be asked about; where it cannot, token says why.
func (d *doctor) known(f *findings) bool {
	if d.Config.Discord.Token == "" {
		f.note("Not checked without a token.")
		return false
	}
	if _, err := d.discord.me(); err != nil {
		f.note("Not checked, for Discord does not answer to the token.")
		return false
	}
	return true
}

// The flags of an application that was given a privileged intent, in full or for less
// than a hundred guilds (docs.discord.com: Application Flags).
const (
	presenceFlags = 1<<12 | 1<<13
	memberFlags   = 1<<14 | 1<<15
	contentFlags  = 1<<18 | 1<<19
)

// intents looks at what the application is set to in the developer portal.
func (d *doctor) intents(_ context.Context, f *findings) {
	if !d.known(f) {
		return
	}
	app, err := d.discord.application()
	if err != nil {
		d.unreachable(f, err)
		return
	}
	if url := app.InteractionsEndpointURL; url != nil && *url != "" {
		f.problem("Clear the Interactions Endpoint URL on the General Information page of the application.",
			"Commands and buttons go to a web address and not to this bot.")
	}
	if app.RequireCodeGrant {
		f.warn("Switch Requires OAuth2 Code Grant off on the Bot page of the application.", "Nobody can invite the bot by a plain link.")
	}
	var spare []string
	for _, privileged := range []struct {
		name  string
		flags int64
	}{{"Presence", presenceFlags}, {"Server Members", memberFlags}, {"Message Content", contentFlags}} {
		if app.Flags&privileged.flags != 0 {
			spare = append(spare, privileged.name)
		}
	}
	if len(spare) > 0 {
		f.note("The application may use the privileged intents %s. Busker asks for none of them.", strings.Join(spare, ", "))
	}
	f.ok("Busker needs Guilds, Guild Voice States and Guild Messages, which every bot may use. " +
		"No session was begun to prove it, since there are so many a day.")
}

const (
	// guildsPerShard is where Discord refuses a session (close code 4011).
	guildsPerShard = 2500
	// startsReserve are how many times all shards should be able to begin anew.
	startsReserve = 3
)

// shards looks at how many sessions may be begun, and how many are needed.
func (d *doctor) shards(_ context.Context, f *findings) {
	if !d.known(f) {
		return
	}
	gw, err := d.discord.gateway()
	if err != nil {
		d.unreachable(f, err)
		return
	}
	want := gw.Shards
	if fixed := d.Config.Discord.Shards; fixed > 0 {
		want = fixed
		app, _ := d.discord.application() // without it only less is known
		if app.Guilds > guildsPerShard*fixed {
			f.problem("Set discord.shards to 0, or to what Discord recommends.",
				"%s on %s are more than the %d each that Discord takes.", plural(app.Guilds, "server"), plural(fixed, "shard"), guildsPerShard)
		} else if fixed < gw.Shards {
			f.warn("Set discord.shards to 0, or higher.", "%s set, and Discord recommends %d.", sentence(plural(fixed, "shard")), gw.Shards)
		}
	}
	s := gw.Starts
	reset := (time.Duration(s.ResetAfter) * time.Millisecond).Round(time.Minute)
	const do = "Find out what starts so often before the limit is reached: Discord then resets the token."
	switch {
	case s.Remaining < want:
		f.problem("Wait for "+reset.String()+". "+do, "%s may have to begin sessions, and %d of the day's %d are left.", sentence(plural(want, "shard")), s.Remaining, s.Total)
	case s.Remaining < startsReserve*want || s.Remaining*10 < s.Total:
		f.warn(do, "%d of the day's %d sessions are left, for %s, during the next %s.", s.Remaining, s.Total, plural(want, "shard"), reset)
	default:
		f.ok("%d, where Discord recommends %d. %d of the day's %d sessions are left; %d at a time.", want, gw.Shards, s.Remaining, s.Total, s.MaxConcurrency)
	}
}

// needed are the permissions of docs/running.md (docs.discord.com: Permissions).
var needed = []struct {
	name string
	bit  int64
}{
	{"View Channel", 1 << 10},
	{"Send Messages", 1 << 11},
	{"Embed Links", 1 << 14},
	{"Attach Files", 1 << 15},
	{"Connect", 1 << 20},
	{"Speak", 1 << 21},
}

const administrator = 1 << 3

// lacks names what a bot with these permissions may not do.
func lacks(permissions int64) (names []string) {
	for _, p := range needed {
		if permissions&(p.bit|administrator) == 0 {
			names = append(names, p.name)
		}
	}
	return names
}

// maxNamed is how many guilds are named.
const maxNamed = 3

// permissions looks at what the bot may do in its guilds.
func (d *doctor) permissions(_ context.Context, f *findings) {
	if !d.known(f) {
		return
	}
	guilds, err := d.discord.guilds()
	switch {
	case err != nil:
		d.unreachable(f, err)
		return
	case len(guilds) == 0:
		f.note("The bot is in no server yet. docs/running.md says how to invite it.")
		return
	}
	var named []string
	poor := 0
	for _, g := range guilds {
		missing := lacks(g.Permissions)
		if len(missing) == 0 {
			continue
		}
		if poor++; poor <= maxNamed {
			named = append(named, fmt.Sprintf("%s (%s)", g.Name, strings.Join(missing, ", ")))
		}
	}
	looked := plural(len(guilds), "server")
	if len(guilds) == guildPage {
		looked = fmt.Sprintf("the first %d servers", guildPage)
	}
	if poor == 0 {
		f.ok("The bot may do what it needs in %s. What single channels forbid was not looked at.", looked)
		return
	}
	if poor > maxNamed {
		named = append(named, "…")
	}
	f.warn("Have those who run these servers give the bot's role these permissions, or invite it again by a link that asks for them.",
		"The bot lacks permissions in %d of %s: %s.", poor, looked, strings.Join(named, ", "))
}
