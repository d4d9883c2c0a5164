package session

import "time"

// ReckonedAt is where an anchor says that a position is at a time.
func ReckonedAt(p Place, t time.Time) time.Duration { return anchor{place: p}.at(t) }
