package mls

import "errors"

// Errors that callers tell apart.
var (
	// ErrInvalidProposals: the proposals can not be committed together (§12.2); more
	// may have to come first.
	ErrInvalidProposals = errors.New("proposals do not fit together")
	// ErrRemoved: the commit takes us out of the group.
	ErrRemoved = errors.New("the commit removes us")
	// ErrWrongEpoch: the message belongs to another epoch.
	ErrWrongEpoch = errors.New("message of another epoch")
	// ErrWrongGroup: the message belongs to another group.
	ErrWrongGroup = errors.New("message of another group")
)
