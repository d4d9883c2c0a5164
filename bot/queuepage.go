package bot

import (
	"context"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/player"
	"busker/queue"
	"busker/track"
)

// pageSize is how many tracks one page of the queue shows: with the longest
// titles that stays under Discord's 2000 characters.
const pageSize = 8

func showQueue(_ context.Context, c *call) (reply, error) {
	page, _ := c.number("page")
	return c.w.queuePage(c.status, page), nil
}

// queuePage shows one page of the queue, the last one when there are not as many.
func (w tongue) queuePage(s player.Status, page int) reply {
	pages := max(1, (len(s.Queue)+pageSize-1)/pageSize)
	page = min(max(page, 1), pages)
	var lines []string
	if s.ItemID != 0 {
		lines = append(lines, w.Say(textNow, w.bold(s.Track), w.progressText(s, s.Position)))
	}
	if len(s.Queue) == 0 {
		lines = append(lines, w.Say(textQueueEmpty))
		return reply{text: strings.Join(lines, "\n")}
	}
	lines = append(lines, w.queueHead(s))
	from := (page - 1) * pageSize
	for i, item := range s.Queue[from:min(from+pageSize, len(s.Queue))] {
		lines = append(lines, w.queueLine(s, from+i, *item))
	}
	lines = append(lines, w.Say(textQueuePage, page, pages))
	return reply{text: strings.Join(lines, "\n"), rows: w.pageButtons(page, pages)}
}

// queueLine is one upcoming track: number, name, length, when it plays and who asked.
func (w tongue) queueLine(s player.Status, index int, item queue.Item) string {
	parts := []string{w.Say(textQueueLine, index+1, w.line(item.Track))}
	if item.Track.Length > 0 {
		parts = append(parts, clock(item.Track.Length))
	}
	if in := w.in(s, index); in != "" {
		parts = append(parts, in)
	}
	if item.Requester != 0 {
		parts = append(parts, "<@"+strconv.FormatUint(uint64(item.Requester), 10)+">")
	}
	return strings.Join(parts, " · ")
}

func (w tongue) queueHead(s player.Status) string {
	format := textQueueHead
	for _, item := range s.Queue {
		if item.Track.Length == 0 {
			format = textQueueSome
			break
		}
	}
	return w.Say(format, w.tracks(len(s.Queue)), clock(s.QueueLength))
}

func (w tongue) pageButtons(page, pages int) []discordgo.MessageComponent {
	button := func(action, label string, to int, disabled bool) discordgo.MessageComponent {
		return discordgo.Button{
			Label: label, Style: discordgo.SecondaryButton, Disabled: disabled,
			CustomID: customID{action: action, argument: strconv.Itoa(to)}.String(),
		}
	}
	return []discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{
		button(actionPage, w.Say(labelBack), page-1, page == 1),
		button(actionPage, w.Say(labelForward), page+1, page == pages),
		button(actionRefresh, w.Say(labelRefresh), page, false),
	}}}
}

// line names a track of the queue, short enough for pageSize of them in a message.
func (w tongue) line(t track.Track) string {
	const longTitle, longArtist = 50, 30
	t.Title = cut(t.Title, longTitle)
	t.Artist = cut(t.Artist, longArtist)
	t.URI = cut(t.URI, longTitle)
	return w.bold(t)
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
