// Package web plays http and https links: files and endless streams.
//
// It reaches public addresses only, decided on the address a connection is really
// made to, and bounds every redirect, size and wait. It never reads proxies from
// the environment, and no connection outlives the Readers and calls that use it.
package web

import (
	"context"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/decode"
	"busker/track"
)

// Name is the source name of the tracks found here.
const Name = "web"

// Options of a Source. The zero value is fit for production.
type Options struct {
	// AllowPrivate lets links lead to private, loopback and other addresses that
	// are not public. For tests and for a music server at home only.
	AllowPrivate bool
	MaxRedirects int           // 0 is 5
	MaxBytes     int64         // of one file; 0 is 2 GiB. Endless streams are not bounded
	Connect      time.Duration // to make a connection, TLS included; 0 is 10 s
	Header       time.Duration // to the response's header; 0 is 15 s
	Idle         time.Duration // between two pieces of a body; 0 is 20 s
	Probe        time.Duration // for the whole of Resolve; 0 is 20 s
	Retries      int           // reconnections in a row after a dropped connection; 0 is 4
	UserAgent    string        // "" is "Busker"
	Decode       decode.Options
}

// Source plays links. It is safe for concurrent use.
type Source struct{ opts Options }

// New returns a Source; it makes no connection yet.
func New(opts Options) *Source { return &Source{opts} }

// Close drops idle connections.
func (s *Source) Close() error { return nil }

// Name returns "web".
func (s *Source) Name() string { return Name }

// Accepts takes every link, also of schemes Resolve refuses with a reason.
func (s *Source) Accepts(q track.Query) bool { return false }

// Resolve describes what the link holds.
func (s *Source) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	return track.Result{}, fault.New(fault.NotFound, "not yet")
}

// Open fetches t from the given media time on.
func (s *Source) Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error) {
	return nil, fault.New(fault.NotFound, "not yet")
}
