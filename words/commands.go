package words

import (
	"regexp"
	"strings"
)

// mentioned finds commands that a text names: `/play`, `/playlist create`, /queue.
var mentioned = regexp.MustCompile("(?m)(?:^|[\\s`(、。（])/[a-z]+(?: [a-z]+)?")

// localCommands writes the names of commands in a text as people see them in their
// Discord: the catalogue has them in English everywhere.
func localCommands(s, tag string, entries map[string]entry) string {
	if !strings.Contains(s, "/") {
		return s
	}
	return mentioned.ReplaceAllStringFunc(s, func(found string) string {
		before, names, _ := strings.Cut(found, "/")
		command, sub, hasSub := strings.Cut(names, " ")
		local, ok := entries["cmd:"+command][tag].(string)
		if !ok {
			return found
		}
		if !hasSub {
			return before + "/" + local
		}
		if name, ok := entries["cmd:"+sub][tag].(string); ok && strings.HasSuffix(before, "`") {
			sub = name
		}
		return before + "/" + local + " " + sub
	})
}
