package cluster

import (
	"context"
	"crypto/rand"
	"strings"
	"time"
)

// Member is a process of the bot, as it describes itself.
type Member struct {
	// ID is of this process alone, for as long as it runs: what two processes had under one
	// would be fenced for neither. See NewID.
	ID      string    `json:"id"`
	Role    string    `json:"role"`
	Host    string    `json:"host"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`

	// Draining members hand over what they own and take nothing.
	Draining bool `json:"draining,omitempty"`

	Shards  int     `json:"shards"`
	Guilds  int     `json:"guilds"`
	Players int     `json:"players"`
	Playing int     `json:"playing"`
	Load    float64 `json:"load"` // 0 to 1 of what its cores can do
}

// idLetters tell processes of one name apart: five bits each.
const idLetters = 6

// NewID returns an ID that no other process has: the name, a dot and something random.
func NewID(name string) string { return name + "." + strings.ToLower(rand.Text()[:idLetters]) }

// NameOf returns the name in an ID that NewID has made, and any other ID as it is. Several
// members may have one name.
func NameOf(id string) string {
	if dot := len(id) - idLetters - 1; dot > 0 && id[dot] == '.' {
		return id[:dot]
	}
	return id
}

// Members is who is there.
type Members interface {
	// Announce says that m is here for the next ttl, and how it is. A later
	// announcement of the same id replaces it.
	Announce(ctx context.Context, m Member, ttl time.Duration) error
	// Resign takes the member off the list at once.
	Resign(ctx context.Context, id string) error
	// Members returns those whose announcement has not expired, by ID.
	Members(ctx context.Context) ([]Member, error)
}
