package exchange

import (
	"strconv"
	"strings"
	"time"
)

// maxLength is the longest length that is believed.
const maxLength = 1000 * time.Hour

// inSeconds reads a number of seconds; negative or none is unknown.
func inSeconds(s string) time.Duration { return length(s, time.Second) }

// inMillis reads a number of milliseconds.
func inMillis(s string) time.Duration { return length(s, time.Millisecond) }

func length(s string, unit time.Duration) time.Duration {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(n > 0) || n > float64(maxLength/unit) {
		return 0
	}
	return time.Duration(n * float64(unit)).Round(time.Millisecond)
}

// clock reads 3:25, 1:03:25 or a number of seconds.
func clock(s string) time.Duration {
	if !strings.Contains(s, ":") {
		return inSeconds(s)
	}
	var total time.Duration
	parts := strings.Split(s, ":")
	for _, part := range parts {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 16)
		if err != nil || len(parts) > 3 {
			return 0
		}
		total = 60*total + time.Duration(n)*time.Second
	}
	return min(total, maxLength)
}

// seconds writes a length as players read it: whole seconds where it is whole.
func seconds(d time.Duration) string {
	if d == 0 {
		return "-1"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}
