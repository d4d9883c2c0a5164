package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/player"
	"busker/track"
)

// pageSize is how many tracks one page of the queue shows: with the longest
// titles that stays under Discord's 2000 characters.
const pageSize = 8

func showQueue(_ context.Context, c *call) (reply, error) {
	page, _ := c.number("page")
	return queuePage(c.status, page), nil
}

// queuePage shows one page of the queue, the last one when there are not as many.
func queuePage(s player.Status, page int) reply {
	pages := max(1, (len(s.Queue)+pageSize-1)/pageSize)
	page = min(max(page, 1), pages)
	var lines []string
	if s.ItemID != 0 {
		lines = append(lines, fmt.Sprintf(textNow, bold(s.Track), progressText(s, s.Position)))
	}
	if len(s.Queue) == 0 {
		lines = append(lines, textQueueEmpty)
		return reply{text: strings.Join(lines, "\n")}
	}
	lines = append(lines, queueHead(s))
	from := (page - 1) * pageSize
	for i, item := range s.Queue[from:min(from+pageSize, len(s.Queue))] {
		lines = append(lines, fmt.Sprintf(textQueueLine, from+i+1, line(item.Track)))
	}
	lines = append(lines, fmt.Sprintf(textQueuePage, page, pages))
	return reply{text: strings.Join(lines, "\n"), rows: pageButtons(page, pages)}
}

func queueHead(s player.Status) string {
	format := textQueueHead
	for _, item := range s.Queue {
		if item.Track.Length == 0 {
			format = textQueueSome
			break
		}
	}
	return fmt.Sprintf(format, tracks(len(s.Queue)), clock(s.QueueLength))
}

func pageButtons(page, pages int) []discordgo.MessageComponent {
	button := func(action, label string, to int, disabled bool) discordgo.MessageComponent {
		return discordgo.Button{
			Label: label, Style: discordgo.SecondaryButton, Disabled: disabled,
			CustomID: customID{action: action, argument: strconv.Itoa(to)}.String(),
		}
	}
	return []discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{
		button(actionPage, labelBack, page-1, page == 1),
		button(actionPage, labelForward, page+1, page == pages),
		button(actionRefresh, labelRefresh, page, false),
	}}}
}

// line names a track of the queue, short enough for pageSize of them in a message.
func line(t track.Track) string {
	const longTitle, longArtist = 50, 30
	t.Title = cut(t.Title, longTitle)
	t.Artist = cut(t.Artist, longArtist)
	t.URI = cut(t.URI, longTitle)
	return bold(t)
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
