package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// request asks for the content from byte from on.
func (b *body) request(from int64) (*http.Response, *stream, error) {
	ctx, cancel := context.WithCancelCause(b.ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.link.String(), nil)
	if err != nil {
		cancel(err)
		return nil, nil, fmt.Errorf("ask %s: %w", b.link.Hostname(), err)
	}
	req.Header.Set("User-Agent", b.source.opts.UserAgent)
	req.Header.Set("Accept", "audio/*, video/*;q=0.5, */*;q=0.1")
	req.Header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
	if from > 0 && b.version != "" {
		req.Header.Set("If-Range", b.version)
	}
	resp, err := b.source.client.Do(req)
	if err != nil {
		cancel(err)
		return nil, nil, unreachable(b.ctx, b.link, err)
	}
	if err := refusal(resp.StatusCode); err != nil {
		_ = resp.Body.Close()
		cancel(err)
		return nil, nil, err
	}
	limit := b.source.opts.Idle
	idle := time.AfterFunc(limit, func() { cancel(errIdle) })
	return resp, &stream{ReadCloser: resp.Body, idle: idle, limit: limit, cancel: cancel, ctx: ctx}, nil
}

// continues checks that a later response goes on where the body is, in the
// same file.
func (b *body) continues(resp *http.Response) error {
	if resp.StatusCode != http.StatusPartialContent {
		return errChanged
	}
	first, total, err := contentRange(resp.Header.Get("Content-Range"))
	if err != nil || first != b.pos || total >= 0 && total != b.size {
		return errChanged
	}
	return nil
}

var errRange = errors.New("malformed Content-Range")

// contentRange reads "bytes first-last/total" (RFC 9110 §14.4); a total of "*"
// is -1.
func contentRange(s string) (first, total int64, err error) {
	unit, rest, _ := strings.Cut(s, " ")
	span, size, ok := strings.Cut(rest, "/")
	from, to, ok2 := strings.Cut(span, "-")
	if !strings.EqualFold(unit, "bytes") || !ok || !ok2 {
		return 0, 0, fmt.Errorf("%w: %q", errRange, s)
	}
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	total = -1
	var err3 error
	if size != "*" {
		total, err3 = strconv.ParseInt(size, 10, 64)
	}
	if errors.Join(err1, err2, err3) != nil || first < 0 || last < first || total >= 0 && total <= last {
		return 0, 0, fmt.Errorf("%w: %q", errRange, s)
	}
	return first, total, nil
}

// validator returns what If-Range may carry (RFC 9110 §13.1.5): a strong entity tag,
// or else the time of the last change.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}
