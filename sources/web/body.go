package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"busker/internal/fault"
	"busker/sources/decode"
)

// body is the content of a link: read from the network as it is needed, seekable
// where the server answers ranges, and resumed there when a connection drops. One
// goroutine reads it; Close may come from another.
type body struct {
	source    *Source
	url       *url.URL // after the redirects
	size      int64    // -1 when not known
	ranges    bool
	live      bool
	radio     bool   // it has no end, so that an end is a broken connection
	station   string // what a radio calls itself
	validator string // ETag or date, for If-Range
	private   bool   // the server does not want copies to be kept

	base   context.Context //nolint:containedctx // bounds that of another body in this one's place
	ctx    context.Context //nolint:containedctx // of the body's whole life, as a Reader's contract has it
	cancel context.CancelFunc

	mu      sync.Mutex // held while reading; Close cancels before it waits for it
	resp    *http.Response
	pos     int64 // of the next byte to hand out
	at      int64 // of the next byte in resp
	retries int
}

// fetch requests u and returns its content from the first byte on.
func (s *Source) fetch(ctx context.Context, u *url.URL) (*body, error) {
	b := &body{source: s, url: u, size: -1, base: ctx}
	ctx, b.cancel = context.WithCancel(ctx)
	b.ctx = ctx
	resp, err := b.open(ctx, 0, "") //nolint:bodyclose // Close does
	if err == nil {
		b.resp = resp
		err = b.describe(resp)
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// describe reads what the header says of the content.
func (b *body) describe(resp *http.Response) error {
	if err := status(resp); err != nil {
		return err
	}
	h := resp.Header
	b.url = resp.Request.URL
	b.station = h.Get("Icy-Name")
	b.validator = strongTag(h)
	if b.validator == "" {
		b.validator = h.Get("Last-Modified")
	}
	b.private = private(h)
	b.size = resp.ContentLength
	if resp.StatusCode == http.StatusPartialContent {
		first, total, ok := contentRange(h.Get("Content-Range"))
		if ok && first != 0 {
			return fault.New(fault.Unavailable, "The server sends another part of the file than I asked for.")
		}
		b.size = total
		b.ranges = total >= 0
	}
	if b.radio = radio(h); b.radio {
		b.size, b.ranges = -1, false
	}
	b.live = b.size < 0
	if b.size > b.source.opts.MaxBytes {
		return fault.Newf(fault.TooLarge, "This file has %d MiB; %d are allowed.", b.size>>20, b.source.opts.MaxBytes>>20)
	}
	return nil
}

// strongTag is the ETag, if it vouches for bytes.
func strongTag(h http.Header) string {
	if tag := h.Get("ETag"); !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return ""
}

// other reports that an answer says to be of another version than validator. Not all
// servers heed If-Range, and not all repeat what they said first.
func other(h http.Header, validator string) bool {
	now := h.Get("Last-Modified")
	if strings.HasPrefix(validator, `"`) {
		now = strongTag(h)
	}
	return now != "" && validator != "" && now != validator
}

// private reports whether the server forbids to keep a copy for everybody
// (RFC 9111 §5.2.2). A directive may name header fields: "private=x" is about them.
func private(h http.Header) bool {
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		switch strings.ToLower(strings.TrimSpace(directive)) {
		case "no-store", "private":
			return true
		}
	}
	return false
}

// cacheable reports whether an encoded copy of what the link holds may be kept, and
// can be told from that of another content.
func (b *body) cacheable() bool { return !b.live && !b.private && b.validator != "" }

// radio reports whether the server is an Icecast or its like, whose streams never
// end, whatever length it makes up.
func radio(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "Icy-") || strings.HasPrefix(name, "Ice-") {
			return true
		}
	}
	return false
}

// contentRange reads "bytes 5-99/100"; a total of * is -1.
func contentRange(s string) (first, total int64, ok bool) {
	span, all, ok1 := strings.Cut(strings.TrimPrefix(s, "bytes "), "/")
	from, _, ok2 := strings.Cut(span, "-")
	first, err := strconv.ParseInt(strings.TrimSpace(from), 10, 64)
	if !ok1 || !ok2 || err != nil || first < 0 {
		return 0, -1, false
	}
	total, err = strconv.ParseInt(strings.TrimSpace(all), 10, 64)
	if err != nil || total < 0 {
		total = -1
	}
	return first, total, true
}

// input is the body as a decoder takes it.
func (b *body) input() decode.Input {
	validator := b.validator // of all that is read: a connection to another content fails
	in := decode.Input{
		Reader: b, Size: b.size, Slow: true, Live: b.live,
		Version: func() string { return validator },
	}
	if !b.ranges {
		in.Reader = struct{ io.ReadCloser }{b} // hides Seek
	}
	return in
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size >= 0 && b.pos >= b.size {
		return 0, io.EOF
	}
	for {
		n, err := b.attempt(p)
		switch {
		case n > 0:
			b.retries = 0
			return n, nil
		case err == nil:
			continue
		case b.ctx.Err() != nil:
			return 0, b.ctx.Err()
		case errors.Is(err, io.EOF) && b.size < 0 && !b.radio:
			return 0, io.EOF
		}
		if err := b.retry(err); err != nil {
			return 0, err
		}
	}
}

// attempt reads once, connecting first where that is needed.
func (b *body) attempt(p []byte) (int, error) {
	if b.resp == nil {
		if err := b.connect(); err != nil {
			return 0, err
		}
	}
	abort := b.resp.Body.(*abortable).abort
	watch := time.AfterFunc(b.source.opts.Idle, func() { abort(errIdle) })
	n, err := 0, error(nil)
	if gap := b.pos - b.at; gap > 0 { // a short seek forward
		var m int64
		m, err = io.CopyN(io.Discard, b.resp.Body, gap)
		b.at += m
	}
	if err == nil {
		n, err = b.resp.Body.Read(p)
		b.at += int64(n)
		b.pos += int64(n)
	}
	watch.Stop()
	return n, err
}

// connect asks for the content from pos on and checks that it is still the same.
func (b *body) connect() error {
	resp, err := b.open(b.ctx, b.pos, b.validator)
	if err != nil {
		return err
	}
	first, total, ok := contentRange(resp.Header.Get("Content-Range"))
	switch {
	case status(resp) != nil:
		err = status(resp)
	case resp.StatusCode != http.StatusPartialContent, total != b.size, other(resp.Header, b.validator):
		err = errChanged
	case !ok || first != b.pos:
		err = fault.New(fault.Unavailable, "The server sends another part of the file than I asked for.")
	}
	if err != nil {
		return errors.Join(err, resp.Body.Close())
	}
	b.resp, b.at = resp, b.pos
	return nil
}

var errChanged = fault.New(fault.Unavailable, "The file behind the link changed while it was playing.")

// open makes a request that can be aborted without ending the body's life.
func (b *body) open(ctx context.Context, from int64, validator string) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	resp, err := b.source.request(ctx, b.url, from, validator)
	if err != nil {
		cancel(err)
		return nil, err
	}
	resp.Body = &abortable{
		ReadCloser: resp.Body,
		abort:      cancel,
		why: func(err error) error {
			if cause := context.Cause(ctx); cause != nil && err != nil {
				return cause
			}
			return err
		},
	}
	return resp, nil
}

var errIdle = fault.New(fault.Timeout, "The server stopped sending.")

// abortable is a response's body whose reading another goroutine can end, giving
// the reason.
type abortable struct {
	io.ReadCloser
	abort context.CancelCauseFunc
	why   func(error) error // the reason, if there is one, for an error of Read
}

func (a *abortable) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	return n, a.why(err)
}

func (a *abortable) Close() error {
	defer a.abort(context.Canceled)
	return a.ReadCloser.Close()
}

// retry decides what a failed attempt means: another one, after a while, if the
// server answers ranges and the failure can pass.
func (b *body) retry(err error) error {
	if b.resp != nil {
		_ = b.resp.Body.Close() // it has failed already
		b.resp = nil
	}
	switch kind := fault.KindOf(err); {
	case errors.Is(err, errChanged), kind == fault.NotFound, kind == fault.Denied, kind == fault.Corrupt:
		return err
	case !b.ranges, b.retries >= b.source.opts.Retries:
		return lost(err)
	}
	wait := 100 * time.Millisecond << min(b.retries, 6)
	b.retries++
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

// lost says why content stopped coming for good. What it returns is no io.EOF,
// whatever err is: to a decoder that would mean that nothing is missing.
func lost(err error) error {
	cause := errors.New(err.Error())
	var told *fault.Fault
	if errors.As(err, &told) && told.Message != "" {
		last := *told
		last.Err = cause
		return &last
	}
	return fault.Wrap(fault.Unavailable, "The connection to the server broke.", cause)
}

// near is how far ahead a seek reads on rather than ask anew, in bytes: about what
// arrives in the time a request takes.
const near = 128 << 10

// Seek implements io.Seeker. It makes no request; the next Read does.
func (b *body) Seek(offset int64, whence int) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += b.pos
	case io.SeekEnd:
		offset += b.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	if ahead := offset - b.at; b.resp != nil && (ahead < 0 || ahead > near) {
		_ = b.resp.Body.Close() // of no more use, whatever it says
		b.resp = nil
	}
	b.pos = offset
	return offset, nil
}

// from implements origin. The connection is made by the next Read.
func (b *body) from(pos int64) origin {
	c := &body{
		source: b.source, url: b.url, size: b.size, ranges: b.ranges, live: b.live, radio: b.radio,
		validator: b.validator, base: b.base, pos: pos,
	}
	c.ctx, c.cancel = context.WithCancel(b.base)
	return c
}

// Close ends a Read in progress and lets go of the connection.
func (b *body) Close() error {
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.resp != nil {
		_ = b.resp.Body.Close() // it is canceled: all it can say
		b.resp = nil
	}
	return nil
}
