package track

import (
	"net/url"
	"strings"
)

// Address is the URI as it may be written into logs and errors: a link without the
// password, the query and the fragment, any of which may be a secret.
func (t Track) Address() string {
	if !strings.Contains(t.URI, "://") {
		return t.URI
	}
	link, err := url.Parse(t.URI)
	if err != nil {
		return "(not a link)"
	}
	return (&url.URL{Scheme: link.Scheme, Host: link.Host, Path: link.Path}).String()
}
