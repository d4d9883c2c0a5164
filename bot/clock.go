package bot

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"busker/internal/fault"
)

// clock writes a time of a track: 0:07, 3:20, 1:02:03.
func clock(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// maxSeek bounds the times people may write, so that sums cannot overflow.
const maxSeek = 1000 * time.Hour

// parseSeek reads a time people write: 1:23, 1:02:03, 83, 1m23s; with + or - in
// front it is relative to where the track is.
func parseSeek(s string) (at time.Duration, relative bool, err error) {
	text := strings.ToLower(strings.TrimSpace(s))
	negative := strings.HasPrefix(text, "-")
	relative = negative || strings.HasPrefix(text, "+")
	if relative {
		text = strings.TrimSpace(text[1:])
	}
	parse := parsePlain
	switch {
	case strings.Contains(text, ":"):
		parse = parseColons
	case strings.ContainsAny(text, "hms"):
		parse = parseUnits
	}
	d, ok := parse(text)
	if !ok || d > maxSeek {
		return 0, false, fault.Newf(fault.Invalid, textBadTime, plain(s))
	}
	if negative {
		d = -d
	}
	return d, relative, nil
}

// plain makes what somebody typed fit for a code span.
func plain(s string) string {
	const most = 30
	r := []rune(strings.Map(func(r rune) rune {
		if r == '`' || r < ' ' {
			return ' '
		}
		return r
	}, s))
	return string(r[:min(len(r), most)])
}

// parsePlain reads seconds, 83 or 83.5.
func parsePlain(s string) (time.Duration, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	n, ok := number(whole)
	if !ok || len(fraction) > 3 {
		return 0, false
	}
	d := time.Duration(n) * time.Second
	if fraction != "" {
		f, ok := number((fraction + "00")[:3])
		if !ok {
			return 0, false
		}
		d += time.Duration(f) * time.Millisecond
	}
	return d, true
}

// parseColons reads 1:23 and 1:02:03.
func parseColons(s string) (time.Duration, bool) {
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return 0, false
	}
	var d time.Duration
	for i, p := range parts {
		n, ok := number(p)
		if !ok || i > 0 && (n > 59 || len(p) != 2) {
			return 0, false
		}
		d = d*60 + time.Duration(n)*time.Second
	}
	return d, true
}

// parseUnits reads 1h2m3s and its parts.
func parseUnits(s string) (time.Duration, bool) {
	var d time.Duration
	for _, u := range []struct {
		letter byte
		unit   time.Duration
	}{{'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}} {
		at := strings.IndexByte(s, u.letter)
		if at < 0 {
			continue
		}
		n, ok := number(s[:at])
		if !ok {
			return 0, false
		}
		d += time.Duration(n) * u.unit
		s = strings.TrimSpace(s[at+1:])
	}
	return d, s == ""
}

// number reads up to six digits.
func number(s string) (int, bool) {
	if s == "" || len(s) > 6 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
