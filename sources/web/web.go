// Package web plays http and https links: files and endless streams.
//
// It reaches public addresses only, decided on the address a connection is really
// made to, and bounds every redirect, size and wait. It never reads proxies from
// the environment, and no connection in use outlives the Readers and calls that
// use it.
package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/decode"
	"busker/sources/decode/tags"
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
	Connect      time.Duration // to make a connection, and again for TLS; 0 is 10 s
	Header       time.Duration // to the response's header; 0 is 15 s
	Idle         time.Duration // between two pieces of a body; 0 is 20 s
	Probe        time.Duration // for the whole of Resolve; 0 is 20 s
	Retries      int           // reconnections in a row after a dropped connection; 0 is 4
	Ahead        int           // bytes fetched before they are needed; 0 is 128 KiB, a few seconds; negative is none
	UserAgent    string        // "" is "Busker"
	Decode       decode.Options
}

// defaults fills what is zero.
func (o Options) defaults() Options {
	fill(&o.MaxRedirects, 5)
	fill(&o.MaxBytes, 2<<30)
	fill(&o.Connect, 10*time.Second)
	fill(&o.Header, 15*time.Second)
	fill(&o.Idle, 20*time.Second)
	fill(&o.Probe, 20*time.Second)
	fill(&o.Retries, 4)
	fill(&o.Ahead, 128<<10)
	fill(&o.UserAgent, "Busker")
	return o
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Source plays links. It is safe for concurrent use.
type Source struct {
	opts   Options
	client *http.Client
}

// New returns a Source; it makes no connection yet.
func New(opts Options) *Source {
	s := &Source{opts: opts.defaults()}
	s.client = newClient(s.opts)
	return s
}

// Close drops idle connections.
func (s *Source) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Name returns "web".
func (s *Source) Name() string { return Name }

// Accepts takes every link, also of schemes Resolve refuses with a reason.
func (s *Source) Accepts(q track.Query) bool {
	scheme, rest, ok := strings.Cut(strings.TrimPrefix(q.Text, "<"), "://")
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789+-." // RFC 3986 §3.1
	return ok && rest != "" && scheme != "" && strings.Trim(strings.ToLower(scheme), letters) == ""
}

// Resolve describes what the link holds.
func (s *Source) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	u, err := parse(q.Text)
	if err != nil {
		return track.Result{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Probe, errSlow)
	defer cancel()
	b, err := s.fetch(ctx, u)
	if err != nil {
		return track.Result{}, err
	}
	defer b.Close() //nolint:errcheck // it never has anything to tell
	info, err := decode.Probe(ctx, b.input(), s.opts.Decode)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errSlow) {
			err = cause
		}
		return track.Result{}, fmt.Errorf("probe %s: %w", u.Host, err)
	}
	t := track.Track{
		Source: Name, URI: u.String(), Page: public(u), Format: info.Format, Live: info.Live, Seekable: info.Seekable,
		Title: info.Title, Artist: info.Artist, Album: info.Album, Length: info.Length, Artwork: info.Artwork,
		Loudness: info.Loudness, Version: b.validator, Cacheable: b.cacheable(),
	}
	for _, name := range []string{b.station, q.Name, fileName(u), u.Host} {
		if t.Title == "" {
			t.Title = tags.Clean(name)
		}
	}
	return track.Result{Tracks: []track.Track{t}}, nil
}

var errSlow = fault.New(fault.Timeout, "The server takes too long to send anything that can be played.")

// Open fetches t from the given media time on.
func (s *Source) Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error) {
	u, err := parse(t.URI)
	if err != nil {
		return nil, err
	}
	b, err := s.fetch(ctx, u)
	if err != nil {
		return nil, err
	}
	a := newAhead(b, s.opts.Ahead, b.size)
	r, err := decode.Open(ctx, a.input(b.input()), at, s.opts.Decode)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", u.Host, err)
	}
	a.begin()
	return r, nil
}

// parse reads a link as people write it.
func parse(text string) (*url.URL, error) {
	text = strings.Trim(strings.TrimSpace(text), "<>")
	u, err := url.Parse(text)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "That is not a link.", err)
	}
	if err := check(u); err != nil {
		return nil, err
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// check refuses links that are not for the web.
func check(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fault.New(fault.Unsupported, "Only http and https links can be played.")
	case u.Hostname() == "":
		return fault.New(fault.Invalid, "That link names no server.")
	}
	return nil
}

// public is the link without the password it may contain.
func public(u *url.URL) string {
	v := *u
	v.User = nil
	return v.String()
}

// fileName is the last part of the link's path without its extension.
func fileName(u *url.URL) string {
	base := path.Base(u.Path)
	if base == "/" || base == "." {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSuffix(base, path.Ext(base)), "_", " ")
}
