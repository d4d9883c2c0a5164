package playlists

import (
	"context"
	"time"

	"busker/internal/snowflake"
	"busker/track"
)

// Store remembers playlists, favourites and history. It is safe for concurrent use;
// each call is one transaction. Entries and plays it takes are not changed; what it
// gives out belongs to the caller. Artwork of tracks is not kept, times are kept to
// the millisecond and come back in UTC.
//
// Over a limit a call fails with a fault and changes nothing. What does not exist is
// fault.NotFound. package playliststest proves an implementation.
type Store interface {
	Lister
	Liker
	Historian

	// Export returns all that belongs to a person or names them.
	Export(ctx context.Context, user snowflake.ID) (Personal, error)
	// Erase deletes a person's playlists and favourites, and takes their id off plays
	// and off what they made or added in servers: those keep their lists and counts.
	Erase(ctx context.Context, user snowflake.ID) (Erased, error)
}

// Lister keeps playlists.
type Lister interface {
	// Lists returns an owner's playlists, ordered by NameKey.
	Lists(ctx context.Context, o Owner) ([]Playlist, error)
	// List returns one playlist. Whether its owner is the one who may see it is for the
	// caller to check.
	List(ctx context.Context, id int64) (Playlist, error)
	// Create makes a playlist of p's Owner, Maker and Name with entries in it. The name
	// is cleaned with Name; one with the NameKey of another of the owner is ErrNameTaken.
	Create(ctx context.Context, p Playlist, entries ...Entry) (Playlist, error)
	// Rename gives a playlist another name, under the rules of Create.
	Rename(ctx context.Context, id int64, name string) (Playlist, error)
	// Delete forgets a playlist and its entries.
	Delete(ctx context.Context, id int64) error

	// Entries returns up to limit entries in order, starting with number from (0 = the
	// first); a limit of 0 is all the rest. Past the end there are none, without an error.
	Entries(ctx context.Context, id int64, from, limit int) ([]Entry, error)
	// Append puts entries at the end.
	Append(ctx context.Context, id int64, entries ...Entry) (Playlist, error)
	// Replace puts entries in place of all there are. A version other than 0 must be
	// the playlist's, otherwise nothing changes and the error is ErrChanged.
	Replace(ctx context.Context, id, version int64, entries []Entry) (Playlist, error)
	// RemoveAt takes out the entries at these numbers (0 = the first), in any order.
	// Numbers past the end are ignored. The version is as for Replace.
	RemoveAt(ctx context.Context, id, version int64, at ...int) (Playlist, error)
}

// Liker keeps favourites. A track is known by its KeyOf.
type Liker interface {
	// Like keeps a track; added is false when it was a favourite already, which leaves
	// it where it is.
	Like(ctx context.Context, user snowflake.ID, t track.Track, at time.Time) (added bool, err error)
	// Unlike forgets a track; removed is false when it was none of the favourites.
	Unlike(ctx context.Context, user snowflake.ID, k Key) (removed bool, err error)
	// Liked returns up to limit favourites (0 = DefaultPage), newest first, leaving out
	// the first from; total is how many there are.
	Liked(ctx context.Context, user snowflake.ID, from, limit int) (entries []Entry, total int, err error)
}

// Historian keeps what was played.
type Historian interface {
	// Played records plays; their ids are given in the order of the arguments.
	Played(ctx context.Context, plays ...Play) error
	// Recent returns plays, newest (by id) first.
	Recent(ctx context.Context, p Plays) ([]Play, error)
	// Stats counts plays; p.Before is ignored, p.Limit is the length of the rankings:
	// most plays first, at a draw the longest heard, then the lesser URI or id.
	Stats(ctx context.Context, p Plays) (Stats, error)
	// Forget deletes plays that began before a time and returns how many.
	Forget(ctx context.Context, before time.Time) (int, error)
}
