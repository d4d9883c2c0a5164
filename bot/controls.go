package bot

import (
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/player"
	"busker/queue"
	"busker/track"
)

// controls are the buttons of a card, and the menu of what comes next. Each has a label,
// for screen readers; pictures only repeat what it says.
func (w tongue) controls(s player.Status, serial string) []discordgo.MessageComponent {
	button := func(action, argument, label, emoji string, style discordgo.ButtonStyle) discordgo.Button {
		return discordgo.Button{
			Label: label, Style: style, Emoji: &discordgo.ComponentEmoji{Name: emoji},
			CustomID: customID{action: action, serial: serial, item: s.ItemID, argument: argument}.String(),
		}
	}
	plain := func(action, label, emoji string) discordgo.Button {
		return button(action, "", label, emoji, discordgo.SecondaryButton)
	}
	previous := plain(actionPrevious, w.Say(labelPrevious), "⏮️")
	previous.Disabled = len(s.History) == 0
	hold := plain(actionPause, w.Say(labelPause), "⏸️")
	if s.State == player.StatePaused {
		hold = button(actionResume, "", w.Say(labelResume), "▶️", discordgo.SuccessButton)
	}
	next, label := w.nextLoop(s.Loop)
	loop := button(actionLoop, next.String(), label, "🔁", discordgo.SecondaryButton)
	if s.Loop != queue.Off {
		loop.Style = discordgo.PrimaryButton
	}
	shuffle := plain(actionShuffle, w.Say(labelShuffle), "🔀")
	shuffle.Disabled = len(s.Queue) < 2
	rows := []discordgo.MessageComponent{
		row(previous, hold, plain(actionSkip, w.Say(labelSkip), "⏭️"), button(actionStop, "", w.Say(labelStop), "⏹️", discordgo.DangerButton), loop),
		row(shuffle, plain(actionLike, w.Say(labelLike), "❤️"), plain(actionEffects, w.Say(labelEffects), "🎚️"),
			plain(actionQueue, w.Say(labelQueue), "📜"), plain(actionMore, w.Say(labelMore), "⚙️")),
	}
	if len(s.Queue) > 0 {
		rows = append(rows, row(w.upNext(s, serial)))
	}
	return rows
}

func row(parts ...discordgo.MessageComponent) discordgo.ActionsRow {
	return discordgo.ActionsRow{Components: parts}
}

// maxUpNext is the most entries of one of Discord's menus.
const maxUpNext = 25

// upNext is the menu of the tracks that come next.
func (w tongue) upNext(s player.Status, serial string) discordgo.SelectMenu {
	m := discordgo.SelectMenu{
		MenuType: discordgo.StringSelectMenu, Placeholder: w.Say(placeholderUpNext),
		CustomID: customID{action: actionJump, serial: serial}.String(),
	}
	for i, item := range s.Queue[:min(len(s.Queue), maxUpNext)] {
		m.Options = append(m.Options, discordgo.SelectMenuOption{
			Label:       cut(strconv.Itoa(i+1)+". "+nameOf(item.Track), maxLabel),
			Description: cut(w.lengthOf(item.Track), maxLabel),
			Value:       strconv.FormatUint(item.ID, 36),
		})
	}
	return m
}

// maxLabel is the most characters of an entry of a menu, and of what is said about it.
const maxLabel = 100

// nameOf is a track's title for where Discord formats nothing.
func nameOf(t track.Track) string {
	for _, s := range []string{t.Title, t.URI} {
		if c := clean(s); len(c) > 0 {
			return string(c)
		}
	}
	return "?"
}

// lengthOf is who made a track, and how long it is.
func (w tongue) lengthOf(t track.Track) string {
	var parts []string
	if c := clean(t.Artist); len(c) > 0 {
		parts = append(parts, string(c))
	}
	switch {
	case t.Live:
		parts = append(parts, w.Say(textLive))
	case t.Length > 0:
		parts = append(parts, clock(t.Length))
	}
	return strings.Join(parts, " · ")
}

// nextLoop returns the mode the loop button leads to, and its label, which is the
// mode there is.
func (w tongue) nextLoop(now queue.Loop) (queue.Loop, string) {
	switch now {
	case queue.Off:
		return queue.Track, w.Say(labelLoopOff)
	case queue.Track:
		return queue.All, w.Say(labelLoopTrack)
	}
	return queue.Off, w.Say(labelLoopQueue)
}

// sleepParts tell when the music stops by itself.
func (w tongue) sleepParts(s player.Status) []string {
	switch {
	case s.SleepAfterTrack:
		return []string{w.Say(textSleepsAfter)}
	case !s.SleepAt.IsZero():
		return []string{w.Say(textSleepsAt, strconv.FormatInt(s.SleepAt.Unix(), 10))}
	}
	return nil
}
