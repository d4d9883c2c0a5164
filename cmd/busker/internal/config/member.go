package config

import (
	"os"
	"strings"

	"busker/cluster"
)

// Member returns another ID for this process each time: its name, or the host's, and
// something random. A process that starts anew is another member, and so is one that was
// given the name of another by mistake.
func (c Cluster) Member() string {
	if c.Name != "" {
		return cluster.NewID(c.Name)
	}
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return cluster.NewID(memberName(host))
}

// hostLetters is how many of the host's name are enough to tell hosts apart.
const hostLetters = 48

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
