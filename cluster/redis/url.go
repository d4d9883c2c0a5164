package redis

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"

	"busker/internal/fault"

	"github.com/redis/go-redis/v9"
)

// URL says which Redis, and how to get in:
//
//	redis://[user:password@]host[:6379][/db]                            one server
//	rediss://…                                                          the same over TLS
//	redis+sentinel://[user:password@]host[:26379],…/master[/db]         the master Sentinels know
//	redis+cluster://[user:password@]host[:6379],…                       a cluster
//
// rediss+sentinel and rediss+cluster are those over TLS. User and password are the
// servers'; Sentinels that want some get them by ?sentinel_username=…&sentinel_password=….
// A URL may hold passwords, so it prints without.
type URL string

// String returns the URL without user and password.
func (u URL) String() string {
	if u.Check() != nil {
		return "(no URL)" // who knows what is where in it
	}
	scheme, rest, _ := strings.Cut(string(u), "://")
	rest, _, _ = strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = "…" + authority[i:]
	}
	return strings.TrimSuffix(scheme+"://"+authority+"/"+path, "/")
}

// Check refuses what is no such URL, with a sentence that does not repeat it.
func (u URL) Check() error {
	_, _, err := u.parse()
	return err
}

// GoString is String, for %#v.
func (u URL) GoString() string { return u.String() }

// LogValue is String.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// The kinds of installation.
const (
	single      = "single"
	sentinels   = "sentinel"
	clusterMode = "cluster"
)

// errURL says nothing of the URL, which may hold a password.
var errURL = fault.New(fault.Invalid, "The Redis URL must look like redis://host:6379, rediss://…, redis+sentinel://host:26379,host:26379/master or redis+cluster://host:6379,host:6379.")

// parse reads the URL into what go-redis wants to know, and the kind of installation.
func (u URL) parse() (kind string, o *redis.UniversalOptions, err error) {
	scheme, rest, ok := strings.Cut(string(u), "://")
	if !ok {
		return "", nil, errURL
	}
	o = &redis.UniversalOptions{}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, err := url.Parse("redis://" + authority[:i] + "@host")
		if err != nil {
			return "", nil, errURL
		}
		o.Username = user.User.Username()
		o.Password, _ = user.User.Password()
		authority = authority[i+1:]
	}
	more, err := url.ParseQuery(query)
	if err != nil {
		return "", nil, errURL
	}
	o.SentinelUsername, o.SentinelPassword = more.Get("sentinel_username"), more.Get("sentinel_password")
	port := "6379"
	switch strings.Replace(scheme, "rediss", "redis", 1) {
	case "redis":
		kind = single
	case "redis+sentinel":
		kind, port = sentinels, "26379"
		o.MasterName, path, _ = strings.Cut(path, "/")
	case "redis+cluster":
		kind, o.IsClusterMode = clusterMode, true
	default:
		return "", nil, errURL
	}
	o.Addrs = addresses(authority, port)
	if err := u.database(kind, path, o); err != nil {
		return "", nil, err
	}
	if strings.HasPrefix(scheme, "rediss") {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return kind, o, nil
}

// database reads what follows the hosts, and checks the whole.
func (u URL) database(kind, path string, o *redis.UniversalOptions) error {
	if path != "" {
		db, err := strconv.ParseUint(path, 10, 16)
		if err != nil || kind == clusterMode && db != 0 {
			return errURL
		}
		o.DB = int(db)
	}
	switch {
	case len(o.Addrs) == 0, kind == single && len(o.Addrs) > 1, kind == sentinels && o.MasterName == "":
		return errURL
	}
	return nil
}

// addresses splits a list of hosts; nil if one of them is none.
func addresses(list, port string) []string {
	var found []string
	for host := range strings.SplitSeq(list, ",") {
		addr, ok := address(host, port)
		if !ok {
			return nil
		}
		found = append(found, addr)
	}
	return found
}

// address completes host, host:port, an IPv6 address or [address]:port.
func address(host, port string) (string, bool) {
	if name := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"); net.ParseIP(name) != nil {
		return net.JoinHostPort(name, port), true
	}
	if h, p, err := net.SplitHostPort(host); err == nil {
		host, port = h, p
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if host == "" || err != nil || n == 0 || strings.ContainsAny(host, ":[] /?#@") && net.ParseIP(host) == nil {
		return "", false
	}
	return net.JoinHostPort(host, port), true
}
