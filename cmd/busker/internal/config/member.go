package config

import (
	"crypto/rand"
	"os"
	"strings"
)

// Member returns what this process is called: what was set, or the host's name and
// something random, since a process that starts anew is another member.
func (c Cluster) Member() string {
	if c.Name != "" {
		return c.Name
	}
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return memberName(host) + "-" + strings.ToLower(rand.Text()[:randomLetters])
}

const (
	// randomLetters tells processes on one host apart: five bits each.
	randomLetters = 6
	// hostLetters leaves room for them in a name of 63.
	hostLetters = 48
)

// memberName makes a host's name fit for keys.
func memberName(host string) string {
	host, _, _ = strings.Cut(host, ".")
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '-'
	}, host)
	if name = strings.TrimLeft(name, "-_"); name == "" {
		return "busker"
	}
	return name[:min(len(name), hostLetters)]
}
