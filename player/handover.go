package player

import "busker/internal/fault"

// ErrMoved refuses commands of guilds that another process plays for, or is about to: who
// gave one finds out which that is, and gives it there.
var ErrMoved = fault.New(fault.Unavailable, "I am moving to another machine this moment. Try it again in a few seconds.")
