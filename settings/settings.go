// Package settings is what people choose for a server or for themselves.
//
// It knows values, their limits and defaults, and a Store that keeps them; it knows
// neither commands nor how a choice is made. How a server sounds (volume, effects,
// crossfade, loop) belongs to its player and is not here. It starts no goroutines.
package settings

import (
	"slices"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// Guild is what a server has chosen. Change a Clone: the slices and the map of a Guild
// that a Store gave out may be shared.
type Guild struct {
	Language string `json:"language,omitempty"` // tag of what the server reads; "" = the language Discord gives it

	// Who may do what. Who may manage the server may do everything.
	DJRoles         []snowflake.ID            `json:"djRoles,omitempty"`         // have all rights over the music; none = everybody has
	CommandRoles    map[string][]snowflake.ID `json:"commandRoles,omitempty"`    // name of a command → roles of which one is needed
	BlockedUsers    []snowflake.ID            `json:"blockedUsers,omitempty"`    // may use nothing
	BlockedChannels []snowflake.ID            `json:"blockedChannels,omitempty"` // text channels without commands, voice channels never joined
	TextChannel     snowflake.ID              `json:"textChannel,omitzero"`      // the one for commands and cards; 0 = any
	VoteSkip        int                       `json:"voteSkip"`                  // percent of the listeners who must want a skip; 0 = whoever may control the music just skips
	RequesterRights bool                      `json:"requesterRights"`           // who asked for a track may skip and remove it

	// The queue.
	MaxQueue     int  `json:"maxQueue"`     // most upcoming tracks; 0 = as many as the bot allows
	MaxPerUser   int  `json:"maxPerUser"`   // most upcoming tracks of one person; 0 = no limit
	NoDuplicates bool `json:"noDuplicates"` // what is in the queue is not added again

	// In the voice channel.
	AutoLeave  time.Duration `json:"autoLeave"`  // with nothing to play, or nobody to hear it; 0 = as the operator set it
	PauseAlone bool          `json:"pauseAlone"` // music waits while nobody listens
	Status     bool          `json:"status"`     // the voice channel's status tells what plays

	// In the text channel.
	Announce    Announce `json:"announce"`
	CardFollows bool     `json:"cardFollows"` // the card moves down when the chat has run away from it
	History     bool     `json:"history"`     // what was played is remembered
}

// Announce says how a server hears of a new track.
type Announce string

// The ways.
const (
	AnnounceCard    Announce = "card"    // on the one card, without a new message
	AnnounceMessage Announce = "message" // by a short message for each track, beside the card
	AnnounceOff     Announce = "off"     // not at all: no card either
)

// Default is what a server has before anybody chose.
func Default() Guild {
	return Guild{
		RequesterRights: true, PauseAlone: true, Status: true, History: true, CardFollows: true,
		Announce: AnnounceCard,
	}
}

// Limits of what may be chosen.
const (
	MaxRoles     = 25 // of one list; as many as Discord's menus let people pick
	MaxBlocked   = 100
	MaxTracks    = 10_000
	MinAutoLeave = time.Minute
	MaxAutoLeave = 24 * time.Hour
)

// Clone returns a copy that shares nothing with g.
func (g Guild) Clone() Guild {
	g.DJRoles, g.BlockedUsers, g.BlockedChannels = slices.Clone(g.DJRoles), slices.Clone(g.BlockedUsers), slices.Clone(g.BlockedChannels)
	roles := make(map[string][]snowflake.ID, len(g.CommandRoles))
	for command, of := range g.CommandRoles {
		roles[command] = slices.Clone(of)
	}
	g.CommandRoles = roles
	return g
}

// Check returns why g cannot be kept, a fault.Invalid or fault.TooLarge.
func (g Guild) Check() error {
	switch {
	case len(g.DJRoles) > MaxRoles:
		return fault.Newf(fault.TooLarge, "At most %d roles can be chosen.", MaxRoles)
	case len(g.BlockedUsers) > MaxBlocked || len(g.BlockedChannels) > MaxBlocked:
		return fault.Newf(fault.TooLarge, "At most %d people or channels can be blocked.", MaxBlocked)
	case g.VoteSkip < 0 || g.VoteSkip > 100:
		return fault.New(fault.Invalid, "A vote needs between 1 and 100 percent of the listeners.")
	case g.MaxQueue < 0 || g.MaxQueue > MaxTracks || g.MaxPerUser < 0 || g.MaxPerUser > MaxTracks:
		return fault.Newf(fault.Invalid, "A limit must be between 1 and %d tracks.", MaxTracks)
	case g.AutoLeave != 0 && (g.AutoLeave < MinAutoLeave || g.AutoLeave > MaxAutoLeave):
		return fault.New(fault.Invalid, "I can leave after one minute at the earliest, and after a day at the latest.")
	}
	for _, roles := range g.CommandRoles {
		if len(roles) > MaxRoles {
			return fault.Newf(fault.TooLarge, "At most %d roles can be chosen.", MaxRoles)
		}
	}
	switch g.Announce {
	case AnnounceCard, AnnounceMessage, AnnounceOff:
		return nil
	}
	return fault.New(fault.Invalid, "There is no such way to announce tracks.")
}

// User is what a person has chosen for themselves, everywhere.
type User struct {
	Language  string `json:"language,omitempty"` // tag; "" = the language of their Discord
	Private   bool   `json:"private"`            // answers to their commands are only for them
	NoHistory bool   `json:"noHistory"`          // what they ask for is not remembered under their name
}
