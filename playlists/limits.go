package playlists

import (
	"cmp"

	"busker/internal/fault"
)

// Limits bound what one owner keeps. The zero Limits are good.
type Limits struct {
	Lists      int // playlists of one owner; 0 = 100
	Entries    int // entries of one playlist; 0 = 10,000
	Favourites int // of one person; 0 = 10,000
}

// The limits when nobody sets others: more than people keep, and little enough to
// show, copy and export at once.
const (
	DefaultMaxLists      = 100
	DefaultMaxEntries    = 10_000
	DefaultMaxFavourites = 10_000
)

// WithDefaults fills in what is 0.
func (l Limits) WithDefaults() Limits {
	return Limits{
		Lists:      cmp.Or(l.Lists, DefaultMaxLists),
		Entries:    cmp.Or(l.Entries, DefaultMaxEntries),
		Favourites: cmp.Or(l.Favourites, DefaultMaxFavourites),
	}
}

// CheckLists returns a fault when an owner would have n playlists.
func (l Limits) CheckLists(n int) error {
	if most := l.WithDefaults().Lists; n > most {
		return fault.Newf(fault.TooLarge, "There is room for %d playlists.", most)
	}
	return nil
}

// CheckEntries returns a fault when a playlist would have n entries.
func (l Limits) CheckEntries(n int) error {
	if most := l.WithDefaults().Entries; n > most {
		return fault.Newf(fault.TooLarge, "A playlist holds at most %d tracks.", most)
	}
	return nil
}

// CheckFavourites returns a fault when a person would have n favourites.
func (l Limits) CheckFavourites(n int) error {
	if most := l.WithDefaults().Favourites; n > most {
		return fault.Newf(fault.TooLarge, "You can keep at most %d favourites.", most)
	}
	return nil
}
