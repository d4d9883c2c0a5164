package bot

import (
	"slices"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// right is what somebody must be allowed to, beside being where needs wants them.
type right uint8

const (
	rightAny    right = iota // everybody who is not blocked
	rightAdd                 // to add to the queue
	rightMusic               // to control what everybody hears: DJs, where there are DJ roles
	rightServer              // to change what the server has chosen: who may manage it
)

// allow returns why the server does not let whoever asked do this, nil when it does.
// It takes one of the roles of each of commands, those slash commands that do the same; an
// empty name is none. It takes no time.
func (c *call) allow(needed right, commands ...string) error {
	switch {
	case c.manages():
		return nil
	case slices.Contains(c.chosen.BlockedUsers, c.user):
		return fault.New(fault.Denied, textBlocked)
	case slices.Contains(c.chosen.BlockedChannels, c.channel) || slices.Contains(c.chosen.BlockedChannels, c.parent):
		return fault.New(fault.Denied, textBlockedHere)
	case c.typed && c.chosen.TextChannel != 0 && c.chosen.TextChannel != c.channel:
		return fault.Newf(fault.Denied, textElsewhereText, c.chosen.TextChannel)
	case needed == rightServer:
		return fault.New(fault.Denied, textManagersOnly)
	}
	for _, command := range commands {
		if roles := c.chosen.CommandRoles[command]; command != "" && len(roles) > 0 && !c.hasOne(roles) {
			return fault.Newf(fault.Denied, textRoleOnly, mentions(roles))
		}
	}
	if needed == rightMusic && !c.isDJ() {
		return fault.Newf(fault.Denied, textDJOnly, mentions(c.chosen.DJRoles))
	}
	return nil
}

// manages reports whether whoever asked may manage the server, and so everything.
func (c *call) manages() bool {
	return c.permissions&(discordgo.PermissionManageGuild|discordgo.PermissionAdministrator) != 0
}

// isDJ reports whether whoever asked may control the music. Where there are no DJ roles,
// everybody may.
func (c *call) isDJ() bool {
	return len(c.chosen.DJRoles) == 0 || c.manages() || c.hasOne(c.chosen.DJRoles)
}

// hasOne reports whether whoever asked has one of roles. @everyone, which all have and
// Discord lists of nobody, has the id of the server.
func (c *call) hasOne(roles []snowflake.ID) bool {
	return slices.Contains(roles, c.guild) || slices.ContainsFunc(c.roles, func(r snowflake.ID) bool { return slices.Contains(roles, r) })
}

// mentions writes roles so that Discord shows their names; nobody is pinged by it.
func mentions(roles []snowflake.ID) string {
	s := ""
	for i, r := range roles {
		if i > 0 {
			s += ", "
		}
		s += "<@&" + r.String() + ">"
	}
	return s
}
