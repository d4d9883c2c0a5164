package bot

import (
	"strconv"
	"strings"
)

// A custom id says what a button does: "b1|action|item|argument". The version
// comes first, so that buttons of older versions are told apart, and the item of
// the queue the card showed, so that a press meant for one track never strikes the
// next. Discord allows 100 characters.
const customIDVersion = "b1"

type customID struct {
	action   string
	item     uint64 // 0 where the button belongs to no track
	argument string
}

func (c customID) String() string {
	return strings.Join([]string{customIDVersion, c.action, strconv.FormatUint(c.item, 36), c.argument}, "|")
}

func parseCustomID(s string) (customID, bool) {
	parts := strings.Split(s, "|")
	if len(parts) != 4 || parts[0] != customIDVersion || parts[1] == "" {
		return customID{}, false
	}
	item, err := strconv.ParseUint(parts[2], 36, 64)
	if err != nil {
		return customID{}, false
	}
	return customID{action: parts[1], item: item, argument: parts[3]}, true
}
