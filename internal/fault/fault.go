// Package fault is the one vocabulary of failures: what kind of thing went wrong
// and what may be said of it to the person who asked.
//
// A kind is attached where its meaning is known and translated once per face: a
// reply in Discord, an HTTP status, a metric label. Errors without a fault inside
// are Internal, and nobody outside reads their text.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind says what went wrong, in terms a face can translate.
type Kind uint8

// The kinds. Internal is the zero Kind: everything nobody classified.
const (
	Internal    Kind = iota // our bug, or something nobody foresaw
	Invalid                 // the request makes no sense
	NotFound                // what was asked for does not exist
	Denied                  // somebody may not do that, we or they
	Busy                    // no room now; the same request may succeed later
	Unavailable             // something we depend on does not answer
	Unsupported             // it exists and is well formed, and we cannot play it
	Corrupt                 // it claims a format and breaks its rules
	TooLarge                // over a limit
	Timeout                 // it took too long
	Canceled                // whoever asked went away
)

var names = [...]string{
	"internal", "invalid", "not_found", "denied", "busy", "unavailable",
	"unsupported", "corrupt", "too_large", "timeout", "canceled",
}

// String returns the kind as a metric label.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return names[Internal]
}

// Fault is an error whose Message is fit for the person who asked. Format and
// Args are the same sentence before its arguments were put in: a face that speaks
// other languages translates Format and puts them in itself.
type Fault struct {
	Kind    Kind
	Message string // a sentence in English, without secrets or paths of the host
	Format  string // what Message was formatted from; the key of its translations
	Args    []any  // the arguments of Format
	Err     error  // what caused it, for the log; may be nil
}

// New returns a fault that has no deeper cause. The message is a constant.
func New(kind Kind, message string) error {
	return &Fault{Kind: kind, Message: message, Format: message}
}

// Newf is New with arguments. The format is a constant, so that it can be
// translated; an argument that is itself English is a Term or Terms.
func Newf(kind Kind, format string, args ...any) error {
	return &Fault{Kind: kind, Message: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// Wrap attaches a kind and a message for people to err. The message is a constant.
func Wrap(kind Kind, message string, err error) error {
	return &Fault{Kind: kind, Message: message, Format: message, Err: err}
}

// Wrapf is Wrap with arguments; format and args are those of Newf, err is not
// among them.
func Wrapf(kind Kind, err error, format string, args ...any) error {
	return &Fault{Kind: kind, Message: fmt.Sprintf(format, args...), Format: format, Args: args, Err: err}
}

// Error returns the message and the cause, for logs.
func (f *Fault) Error() string {
	if f.Err == nil {
		return f.Message
	}
	return f.Message + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// KindOf returns the kind of the outermost fault in err's chain; a bare context
// error is Canceled or Timeout; anything else is Internal.
func KindOf(err error) Kind {
	var f *Fault
	switch {
	case errors.As(err, &f):
		return f.Kind
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Internal
}

// Message returns what may be said of err to the person who asked, and whether
// there is anything: an error without a fault in it stays inside.
func Message(err error) (string, bool) {
	var f *Fault
	if errors.As(err, &f) && f.Message != "" {
		return f.Message, true
	}
	return "", false
}
