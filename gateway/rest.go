package gateway

import (
	"net/http"
	"net/url"
	"time"

	"github.com/bwmarrin/discordgo"
)

// restTimeout is for one REST request with its answer; uploads of a cover picture
// are the largest.
const restTimeout = 20 * time.Second

// silent keeps discordgo's logger, which writes to stderr, quiet: it logs level 0
// and up.
const silent = discordgo.LogError - 1

func newREST(opts Options) (*discordgo.Session, error) {
	s, err := discordgo.New("Bot " + string(opts.Token))
	if err != nil {
		return nil, err
	}
	s.LogLevel = silent
	s.StateEnabled = false
	s.Client = &http.Client{Timeout: restTimeout, Transport: opts.Transport}
	if opts.API != nil {
		s.Client.Transport = rebase{opts.API, opts.Transport}
	}
	return s, nil
}

// rebase sends requests meant for Discord to another host. discordgo computes its
// endpoints once at start, so they can only be changed on the way out.
type rebase struct {
	base *url.URL
	next http.RoundTripper
}

// RoundTrip sends req to the other host.
func (r rebase) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.Host = r.base.Scheme, r.base.Host, r.base.Host
	return r.next.RoundTrip(req)
}
