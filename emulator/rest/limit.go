package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limit is a number of requests in a time.
type Limit struct {
	Requests int
	Per      time.Duration
}

// Limits of the REST API. The zero value is like Discord.
type Limits struct {
	// Global requests per second and bot; default 50. Interaction callbacks and
	// their webhooks do not count.
	Global int
	// Routes are limits by "METHOD /path/{parameter}", as in the route table,
	// over the defaults.
	Routes map[string]Limit
}

// defaults are the routes whose limits matter to a music bot. Discord publishes
// none and may change them; clients must read the headers.
var defaults = map[string]Limit{
	"POST /channels/{channel}/messages":                         {5, 5 * time.Second},
	"PATCH /channels/{channel}/messages/{message}":              {5, 5 * time.Second},
	"DELETE /channels/{channel}/messages/{message}":             {5, time.Second},
	"POST /webhooks/{application}/{token}":                      {5, 2 * time.Second},
	"PATCH /webhooks/{application}/{token}/messages/{message}":  {5, 2 * time.Second},
	"PUT /applications/{application}/commands":                  {10, 20 * time.Second},
	"PUT /applications/{application}/guilds/{guild}/commands":   {10, 20 * time.Second},
	"POST /interactions/{interaction}/{token}/callback":         {10, time.Second},
	"PATCH /guilds/{guild}/voice-states/{user}":                 {5, 5 * time.Second},
	"PUT /channels/{channel}/voice-status":                      {5, 5 * time.Second},
	"GET /webhooks/{application}/{token}/messages/{message}":    {5, 2 * time.Second},
	"DELETE /webhooks/{application}/{token}/messages/{message}": {5, 2 * time.Second},
	"GET /gateway/bot": {2, 5 * time.Second},
}

// otherwise is the limit of all other routes.
var otherwise = Limit{50, time.Second}

// majors are the parameters that make separate buckets of one route.
var majors = []string{"guild", "channel", "application", "interaction", "token"}

type limiter struct {
	limits Limits

	mu      sync.Mutex
	buckets map[string]*window
}

// window is a fixed window of requests.
type window struct {
	used  int
	until time.Time
}

func newLimiter(l Limits) *limiter {
	if l.Global == 0 {
		l.Global = 50
	}
	return &limiter{limits: l, buckets: map[string]*window{}}
}

// take counts one request and returns what is left, or how long to wait.
func (l *limiter) take(key string, limit Limit, now time.Time) (left int, reset time.Time, ok bool) {
	w := l.buckets[key]
	if w == nil || !now.Before(w.until) {
		w = &window{until: now.Add(limit.Per)}
		l.buckets[key] = w
	}
	if w.used >= limit.Requests {
		return 0, w.until, false
	}
	w.used++
	return limit.Requests - w.used, w.until, true
}

// allow writes the rate-limit headers, and the whole 429 when the request is over.
func (l *limiter) allow(w http.ResponseWriter, r *http.Request, route, token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if token != "" {
		if _, reset, ok := l.take("global "+token, Limit{l.limits.Global, time.Second}, now); !ok {
			w.Header().Set("X-RateLimit-Global", "true")
			tooMany(w, "global", reset.Sub(now))
			return false
		}
	}
	limit := l.of(route)
	left, reset, ok := l.take(key(r, route, token), limit, now)
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit.Requests))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	h.Set("X-RateLimit-Reset", strconv.FormatFloat(float64(reset.UnixMilli())/1000, 'f', 3, 64))
	h.Set("X-RateLimit-Reset-After", seconds(reset.Sub(now)))
	h.Set("X-RateLimit-Bucket", bucket(route))
	if !ok {
		tooMany(w, "user", reset.Sub(now))
	}
	l.sweep(now)
	return ok
}

func (l *limiter) of(route string) Limit {
	if limit, ok := l.limits.Routes[route]; ok {
		return limit
	}
	if limit, ok := defaults[route]; ok {
		return limit
	}
	return otherwise
}

// sweep forgets windows that are over, now and then.
func (l *limiter) sweep(now time.Time) {
	const many = 1000 // enough to make a sweep worth its time
	if len(l.buckets) < many {
		return
	}
	for k, w := range l.buckets {
		if now.After(w.until) {
			delete(l.buckets, k)
		}
	}
}

func key(r *http.Request, route, token string) string {
	parts := append(make([]string, 0, 2+len(majors)), route, token)
	for _, name := range majors {
		parts = append(parts, r.PathValue(name))
	}
	return strings.Join(parts, " ")
}

// bucket is the opaque name of a route's limit.
func bucket(route string) string {
	sum := sha256.Sum256([]byte(route))
	return hex.EncodeToString(sum[:16])
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// tooMany writes the 429. Retry-After is in whole seconds, rounded up; the body
// is precise.
func tooMany(w http.ResponseWriter, scope string, wait time.Duration) {
	h := w.Header()
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	h.Set("X-RateLimit-Scope", scope)
	write(w, http.StatusTooManyRequests, map[string]any{
		"message":     "You are being rate limited.",
		"retry_after": math.Round(wait.Seconds()*1000) / 1000,
		"global":      scope == "global",
	})
}
