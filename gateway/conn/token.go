package conn

import (
	"fmt"
	"log/slog"
)

// Token is a bot token, as Identify wants it. It prints as "(secret)" wherever it turns up.
type Token string

const hidden = "(secret)"

// String hides the token.
func (Token) String() string { return hidden }

// Format hides the token from every verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the token from logs.
func (Token) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the token from JSON and YAML.
func (Token) MarshalText() ([]byte, error) { return []byte(hidden), nil }
