package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// Secret is a string that is never printed: logs, %v and YAML show "(secret)".
type Secret string

// hidden is what is written in a secret's place.
const hidden = "(secret)"

// String hides the secret; "" stays "" so that a missing one is seen to be missing.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the secret itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// secretKeys are attribute names whose values are hidden whatever their type: the
// second line of defence behind Secret.
var secretKeys = []string{"token", "secret", "password", "authorization", "secret_key", "api_key"}

func newLogger(o Options) (*slog.Logger, error) {
	var level slog.Level
	if o.Level != "" {
		if err := level.UnmarshalText([]byte(o.Level)); err != nil {
			return nil, fmt.Errorf("log level %q: want debug, info, warn or error", o.Level)
		}
	}
	out := o.Output
	if out == nil {
		out = io.Discard
	}
	h := &slog.HandlerOptions{Level: level, ReplaceAttr: hideSecrets}
	switch o.Format {
	case "", "text":
		return slog.New(slog.NewTextHandler(out, h)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, h)), nil
	}
	return nil, fmt.Errorf("log format %q: want text or json", o.Format)
}

func hideSecrets(_ []string, a slog.Attr) slog.Attr {
	if slices.Contains(secretKeys, strings.ToLower(a.Key)) && a.Value.String() != "" {
		return slog.String(a.Key, hidden)
	}
	return a
}
