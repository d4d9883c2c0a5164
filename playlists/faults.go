package playlists

import (
	"fmt"

	"busker/internal/fault"
)

func check(n, most int, format string) error {
	if n <= most {
		return nil
	}
	return fault.New(fault.TooLarge, fmt.Sprintf(format, most))
}

func tooLong(n int) error {
	return fault.New(fault.Invalid, fmt.Sprintf("That name has %d characters, at most %d are possible.", n, MaxName))
}
