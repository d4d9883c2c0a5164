package bot

import (
	"strconv"
	"strings"
)

// A custom id says what a button does: "b2|action|serial|item|argument". The version
// comes first, so that buttons of older versions are told apart; the serial of the
// card, for cards can outlive what they belong to; and the item of the queue the card
// showed, so that a press meant for one track never strikes the next. Discord allows
// 100 characters.
const customIDVersion = "b2"

type customID struct {
	action   string
	serial   string // empty where the button belongs to no card
	item     uint64 // 0 where the button belongs to no track
	argument string
}

func (c customID) String() string {
	return strings.Join([]string{customIDVersion, c.action, c.serial, strconv.FormatUint(c.item, 36), c.argument}, "|")
}

func parseCustomID(s string) (customID, bool) {
	parts := strings.Split(s, "|")
	if len(parts) != 5 || parts[0] != customIDVersion || parts[1] == "" {
		return customID{}, false
	}
	item, err := strconv.ParseUint(parts[3], 36, 64)
	if err != nil {
		return customID{}, false
	}
	return customID{action: parts[1], serial: parts[2], item: item, argument: parts[4]}, true
}
