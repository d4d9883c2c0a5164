// Package snowflake is Discord's 64-bit id as a number that travels as a string.
//
// Discord writes ids as decimal strings in JSON because they do not fit a
// JavaScript number; inside the process a number is smaller, comparable and
// cheap as a map key.
package snowflake

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// ID is the id of a guild, channel, user, message or interaction. The zero ID
// means none; in JSON it is null.
type ID uint64

// epoch is the first instant of Discord's ids, 2015-01-01T00:00:00Z, in Unix
// milliseconds.
const epoch = 1420070400000

// Parse reads a decimal id. The empty string is the zero ID.
func Parse(s string) (ID, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("parse id %q: not a decimal number", s)
	}
	return ID(n), nil
}

// Make builds the id of something made at t; n tells apart ids of one millisecond.
func Make(t time.Time, n uint64) ID {
	return ID(uint64(t.UnixMilli()-epoch)<<22 | n&(1<<22-1))
}

// String returns the decimal form, and "" for the zero ID.
func (id ID) String() string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(id), 10)
}

// Time returns the instant the id was made.
func (id ID) Time() time.Time { return time.UnixMilli(int64(id>>22) + epoch) }

// MarshalJSON writes the id as a string, the zero ID as null.
func (id ID) MarshalJSON() ([]byte, error) {
	if id == 0 {
		return []byte("null"), nil
	}
	return []byte(`"` + id.String() + `"`), nil
}

// UnmarshalJSON reads a string, a number or null.
func (id *ID) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*id = 0
		return nil
	}
	v, err := Parse(string(bytes.Trim(b, `"`)))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// MarshalText and UnmarshalText let an ID be the key of a JSON object.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the decimal form.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*id = v
	return nil
}
