package web

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"busker/internal/fault"
)

func newClient(opts Options) *http.Client {
	dialer := &net.Dialer{Timeout: opts.Connect}
	if !opts.AllowPrivate {
		dialer.Control = publicOnly
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would resolve names out of our sight
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    opts.Connect,
			ResponseHeaderTimeout:  opts.Header,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        30 * time.Second,
			MaxIdleConnsPerHost:    2,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error { return redirect(r, via, opts.MaxRedirects) },
	}
}

// redirect checks each step of the way a link leads; where a step connects to, the
// dialer checks.
func redirect(r *http.Request, via []*http.Request, most int) error {
	if slices.ContainsFunc(via, func(v *http.Request) bool { return v.URL.String() == r.URL.String() }) {
		return fault.New(fault.Unavailable, "That link leads round in a circle of redirects.")
	}
	if len(via) > most {
		return fault.Newf(fault.Unavailable, "That link redirects more than %d times.", most)
	}
	return check(r.URL)
}

// request asks for u from a byte on. validator, if any, must still hold then.
func (s *Source) request(ctx context.Context, u *url.URL, from int64, validator string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "That is not a link.", err)
	}
	r.Header.Set("User-Agent", s.opts.UserAgent)
	r.Header.Set("Accept", "audio/*, application/ogg, video/*;q=0.9, */*;q=0.5")
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
	if validator != "" {
		r.Header.Set("If-Range", validator)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, explain(err, u)
	}
	return resp, nil
}

// explain says of a failed request what a person can make use of.
func explain(err error, u *url.URL) error {
	var (
		known *fault.Fault
		dns   *net.DNSError
		cert  *tls.CertificateVerificationError
		wait  net.Error
		host  = u.Hostname()
	)
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &dns) && dns.IsNotFound:
		return fault.Wrapf(fault.NotFound, err, "There is no server called “%s”.", host)
	case errors.As(err, &dns):
		return fault.Wrapf(fault.Unavailable, err, "The address of “%s” cannot be found at the moment.", host)
	case errors.As(err, &cert):
		return fault.Wrapf(fault.Unavailable, err, "The certificate of “%s” is not valid.", host)
	case errors.As(err, &wait) && wait.Timeout():
		return fault.Wrapf(fault.Timeout, err, "“%s” does not answer.", host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault.Wrapf(fault.Unavailable, err, "“%s” refuses the connection.", host)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fault.Wrapf(fault.Unavailable, err, "“%s” does not speak https; try http.", host)
	}
	return fault.Wrapf(fault.Unavailable, err, "The connection to “%s” failed.", host)
}

// status turns a response that is not the content into a fault.
func status(resp *http.Response) error {
	code := resp.StatusCode
	switch {
	case code == http.StatusOK, code == http.StatusPartialContent:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone:
		return fault.Newf(fault.NotFound, "The link leads nowhere (%d).", code)
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusUnavailableForLegalReasons:
		return fault.Newf(fault.Denied, "The server does not let me have this (%d).", code)
	case code == http.StatusRequestedRangeNotSatisfiable:
		return fault.New(fault.Corrupt, "This file is empty.")
	case code == http.StatusTooManyRequests:
		return fault.New(fault.Busy, "The server wants fewer requests (429). Try again later.")
	case code >= 500:
		return fault.Newf(fault.Unavailable, "The server has a problem (%d). Try again later.", code)
	}
	return fault.Newf(fault.Unavailable, "The server does not send this file (%d).", code)
}
