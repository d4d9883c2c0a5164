package web

import (
	"context"
	"io"
)

// Fetch returns the content of a link as it is, under the rules that hold for music: no
// private addresses, so many redirects, so many bytes where the server says how many. The
// caller closes it; ctx bounds all of its life.
func (s *Source) Fetch(ctx context.Context, link string) (io.ReadCloser, error) {
	u, err := parse(link)
	if err != nil {
		return nil, err
	}
	return s.fetch(ctx, u)
}
