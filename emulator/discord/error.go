package discord

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Error is a refusal as Discord's REST API words it: an HTTP status and the body
// {"code", "message", "errors"}.
type Error struct {
	Status  int    `json:"-"`
	Code    int    `json:"code"`
	Message string `json:"message"`
	Errors  *Form  `json:"errors,omitempty"`
}

// Error returns status, code, message and the refused fields.
func (e *Error) Error() string {
	s := fmt.Sprintf("%d %s (code %d)", e.Status, e.Message, e.Code)
	if e.Errors != nil {
		s += ": " + e.Errors.String()
	}
	return s
}

// The refusals the emulator utters. Compare with errors.Is.
var (
	ErrUnauthorized        = &Error{Status: http.StatusUnauthorized, Message: "401: Unauthorized"}
	ErrNotFound            = &Error{Status: http.StatusNotFound, Message: "404: Not Found"}
	ErrMethodNotAllowed    = &Error{Status: http.StatusMethodNotAllowed, Message: "405: Method Not Allowed"}
	ErrInternal            = &Error{Status: http.StatusInternalServerError, Message: "500: Internal Server Error"}
	ErrUnknownApplication  = refusal(http.StatusNotFound, 10002, "Unknown Application")
	ErrUnknownChannel      = refusal(http.StatusNotFound, 10003, "Unknown Channel")
	ErrUnknownGuild        = refusal(http.StatusNotFound, 10004, "Unknown Guild")
	ErrUnknownMember       = refusal(http.StatusNotFound, 10007, "Unknown Member")
	ErrUnknownMessage      = refusal(http.StatusNotFound, 10008, "Unknown Message")
	ErrUnknownRole         = refusal(http.StatusNotFound, 10011, "Unknown Role")
	ErrUnknownUser         = refusal(http.StatusNotFound, 10013, "Unknown User")
	ErrUnknownWebhook      = refusal(http.StatusNotFound, 10015, "Unknown Webhook")
	ErrUnknownInteraction  = refusal(http.StatusNotFound, 10062, "Unknown interaction")
	ErrUnknownCommand      = refusal(http.StatusNotFound, 10063, "Unknown application command")
	ErrUnknownVoiceState   = refusal(http.StatusNotFound, 10065, "Unknown Voice State")
	ErrNotYourApplication  = refusal(http.StatusForbidden, 20012, "You are not authorized to perform this action on this application")
	ErrTooManyCommands     = refusal(http.StatusBadRequest, 30032, "Maximum number of application commands reached (100).")
	ErrTooLarge            = refusal(http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
	ErrAlreadyAcknowledged = refusal(http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
	ErrMissingAccess       = refusal(http.StatusForbidden, 50001, "Missing Access")
	ErrNotYourMessage      = refusal(http.StatusForbidden, 50005, "Cannot edit a message authored by another user")
	ErrEmptyMessage        = refusal(http.StatusBadRequest, 50006, "Cannot send an empty message")
	ErrMissingPermissions  = refusal(http.StatusForbidden, 50013, "Missing Permissions")
	ErrInvalidWebhookToken = refusal(http.StatusUnauthorized, 50027, "Invalid Webhook Token")
	ErrInvalidJSON         = refusal(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
)

func refusal(status, code int, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// Form collects what is wrong with the fields of a request body. Its JSON is a
// tree of the field names, with {"_errors": [{"code", "message"}]} at the leaves.
type Form struct {
	faults []formFault
}

type formFault struct {
	path          []string
	code, message string
}

// Add records that the field at path (its parts are names and array indexes) is
// refused; an empty path is the body itself.
func (f *Form) Add(path Path, code, message string) {
	f.faults = append(f.faults, formFault{strings.FieldsFunc(string(path), func(r rune) bool { return r == '.' }), code, message})
}

// Err returns 50035 Invalid Form Body with the recorded fields, or nil when
// nothing was refused.
func (f *Form) Err() error {
	if len(f.faults) == 0 {
		return nil
	}
	return &Error{Status: http.StatusBadRequest, Code: 50035, Message: "Invalid Form Body", Errors: f}
}

// String lists the refused fields.
func (f *Form) String() string {
	var b strings.Builder
	for i, e := range f.faults {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s (%s)", strings.Join(e.path, "."), e.message, e.code)
	}
	return b.String()
}

// Path is a field's place in a body: "components.0.custom_id".
type Path string

// In returns the path of the field below p.
func (p Path) In(name string) Path {
	if p == "" {
		return Path(name)
	}
	return p + "." + Path(name)
}

// At returns the path of the element below p.
func (p Path) At(i int) Path { return p.In(strconv.Itoa(i)) }
