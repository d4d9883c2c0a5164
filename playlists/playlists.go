// Package playlists is what people keep of the music they heard: saved playlists of
// a person or a server, favourites, and the history of what was played where.
//
// It holds the values, their limits and the Store that remembers them; it finds and
// plays nothing and knows no database. Package exchange beside it reads and writes
// the file formats other programs use. Values may be copied and shared freely.
package playlists

import (
	"cmp"
	"time"

	"busker/internal/snowflake"
	"busker/track"
)

// Owner is whom a playlist belongs to: a person, or a whole server.
type Owner struct {
	ID    snowflake.ID `json:"id"`
	Guild bool         `json:"guild,omitempty"` // ID is a server's
}

// User is the owner of personal playlists.
func User(id snowflake.ID) Owner { return Owner{ID: id} }

// Guild is the owner of a server's playlists.
func Guild(id snowflake.ID) Owner { return Owner{ID: id, Guild: true} }

// Playlist is a named list of tracks, without the tracks.
type Playlist struct {
	ID    int64        `json:"id"` // given by Create, never reused
	Owner Owner        `json:"owner"`
	Maker snowflake.ID `json:"maker,omitzero"` // who made it; 0 once that person's data was erased
	Name  string       `json:"name"`

	// Version grows with every change of name or entries. Whoever changes what they
	// saw names the version they saw, so that nobody overwrites another's change.
	Version int64         `json:"version"`
	Tracks  int           `json:"tracks"`
	Length  time.Duration `json:"length,omitempty"` // of all tracks whose length is known
	Updated time.Time     `json:"updated"`
}

// Entry is a track that somebody keeps.
type Entry struct {
	Track track.Track  `json:"track"`
	Added time.Time    `json:"added"`
	By    snowflake.ID `json:"by,omitzero"` // who added it; 0 once that person's data was erased
}

// Play is a track that was played in a server. It is recorded when it ends.
type Play struct {
	ID    int64         `json:"id"` // given by Played; a later play has a greater one
	Guild snowflake.ID  `json:"guild"`
	User  snowflake.ID  `json:"user,omitzero"` // who asked for it; 0 once that person's data was erased
	Track track.Track   `json:"track"`
	At    time.Time     `json:"at"`              // when it began
	Heard time.Duration `json:"heard,omitempty"` // how much of it was played
}

// Plays names a part of the history. The zero Plays is all of it.
type Plays struct {
	Guild  snowflake.ID // played in this server; 0 = anywhere
	User   snowflake.ID // asked for by this person; 0 = anybody
	Since  time.Time    // begun at this time or later; zero = ever
	Before int64        // older than the Play of this id; 0 = from the newest on
	Limit  int          // at most so many; 0 = DefaultPage
}

// DefaultPage is how many plays, favourites or ranks are given when nobody says how many.
const DefaultPage = 100

// Most returns Limit or its default.
func (p Plays) Most() int { return cmp.Or(max(p.Limit, 0), DefaultPage) }

// Stats is a part of the history in numbers.
type Stats struct {
	Plays      int           // how many tracks were played
	Heard      time.Duration // for how long together
	Tracks     []TrackCount  // what was played most often, at most Plays.Limit
	Requesters []UserCount   // who asked for most plays, at most Plays.Limit; never the erased
}

// TrackCount is how often and for how long one track was played.
type TrackCount struct {
	Track track.Track // as it was described when it was last played
	Plays int
	Heard time.Duration
}

// UserCount is how many plays one person asked for, and their length.
type UserCount struct {
	User  snowflake.ID
	Plays int
	Heard time.Duration
}

// Personal is everything a Store keeps that belongs to, or names, one person.
type Personal struct {
	Lists      []Contents `json:"playlists"`  // theirs
	Favourites []Entry    `json:"favourites"` // newest first
	Plays      []Play     `json:"history"`    // what they asked for, newest first
	Made       []Playlist `json:"made"`       // server playlists they made
	Added      []Addition `json:"added"`      // what they added to server playlists
}

// Contents is a playlist and its entries in order.
type Contents struct {
	Playlist
	Entries []Entry `json:"entries"`
}

// Addition is an entry of a server's playlist.
type Addition struct {
	List  int64 `json:"list"` // its Playlist.ID
	Entry Entry `json:"entry"`
}

// Erased counts what Erase took away.
type Erased struct {
	Lists, Favourites int // deleted
	Plays, Entries    int // in histories and lists of servers: kept without the person's id
}

// Key tells tracks apart: two with the same key are the same piece, whatever else is
// said of them.
type Key struct{ Source, URI string }

// KeyOf returns the key of a track.
func KeyOf(t track.Track) Key { return Key{Source: t.Source, URI: t.URI} }
