package bot

import (
	"context"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/player"
)

// What the buttons of the panel behind "More" do; arguments of actionAdjust.
const (
	adjustBack    = "back"
	adjustForward = "forward"
	adjustReplay  = "replay"
	adjustSofter  = "softer"
	adjustLouder  = "louder"
	adjustFair    = "fair"
	adjustCome    = "come" // people take turns no more
	adjustStay    = "stay"
	adjustGo      = "go" // stay no more
	adjustUndo    = "undo"
	adjustLeave   = "leave"
)

const (
	adjustSeek   = 10 * time.Second
	adjustVolume = 10 // percent
)

// adjustAs are the slash commands that do the same.
var adjustAs = map[string]string{
	adjustBack: "rewind", adjustForward: "forward", adjustReplay: "replay", adjustSofter: "volume", adjustLouder: "volume",
	adjustFair: "fair", adjustCome: "fair", adjustStay: "stay", adjustGo: "stay", adjustUndo: "undo", adjustLeave: "leave",
}

// adjustments are the player commands of the panel.
func adjustments(argument string, s player.Status) (player.Command, bool) {
	switch argument {
	case adjustBack:
		return player.SeekBy{Delta: -adjustSeek}, true
	case adjustForward:
		return player.SeekBy{Delta: adjustSeek}, true
	case adjustReplay:
		return player.Replay{}, true
	case adjustSofter:
		return player.Volume{Percent: max(0, s.Volume-adjustVolume)}, true
	case adjustLouder:
		return player.Volume{Percent: min(player.MaxVolume, s.Volume+adjustVolume)}, true
	case adjustFair, adjustCome:
		return player.Fair{On: argument == adjustFair}, true
	case adjustStay, adjustGo:
		return player.Stay{On: argument == adjustStay}, true
	case adjustUndo:
		return player.Undo{}, true
	case adjustLeave:
		return player.Leave{}, true
	}
	return nil, false
}

// panel is what the card has no room for, for whoever asked.
func (w tongue) panel(s player.Status) reply {
	button := func(argument, label string, on bool) discordgo.MessageComponent {
		style := discordgo.SecondaryButton
		if on {
			style = discordgo.PrimaryButton
		}
		return discordgo.Button{Label: label, Style: style, CustomID: customID{action: actionAdjust, argument: argument}.String()}
	}
	fair, stay := button(adjustFair, w.Say(labelFairOff), false), button(adjustStay, w.Say(labelStayOff), false)
	if s.Fair {
		fair = button(adjustCome, w.Say(labelFairOn), true)
	}
	if s.Stay {
		stay = button(adjustGo, w.Say(labelStayOn), true)
	}
	undo := discordgo.Button{
		Label: w.Say(labelUndo), Style: discordgo.SecondaryButton, Disabled: s.Undoable == "",
		CustomID: customID{action: actionAdjust, argument: adjustUndo}.String(),
	}
	lines := []string{w.Say(textVolumeIs, s.Volume)}
	if s.ItemID != 0 {
		lines = []string{w.Say(textNow, w.bold(s.Track), w.progressText(s, s.Position)), lines[0]}
	}
	return reply{text: strings.Join(lines, "\n"), rows: []discordgo.MessageComponent{
		row(
			button(adjustBack, w.Say(labelRewind), false), button(adjustForward, w.Say(labelForwardBy), false),
			button(adjustReplay, w.Say(labelReplay), false),
			button(adjustSofter, w.Say(labelSofter), false), button(adjustLouder, w.Say(labelLouder), false),
		),
		row(fair, stay, undo, button(adjustLeave, w.Say(labelLeave), false)),
	}}
}

// panelPresses are the buttons of the panel, and the menu of effects.
func panelPresses() map[string]handler {
	return map[string]handler{
		actionAdjust: {needs: needsControl, right: rightMusic, run: adjust},
		actionMix:    {needs: needsControl, right: rightMusic, as: "effects", run: mix},
	}
}

func adjust(ctx context.Context, c *call, id customID) error {
	cmd, known := adjustments(id.argument, c.status)
	if !known {
		return fault.New(fault.Invalid, textOldButton)
	}
	if err := c.allow(rightMusic, adjustAs[id.argument]); err != nil {
		return err
	}
	s, err := c.do(ctx, cmd)
	if err != nil {
		return err
	}
	if _, left := cmd.(player.Leave); left {
		return c.update(ctx, reply{text: c.w.Say(textLeft)})
	}
	return c.update(ctx, c.w.panel(s))
}

// effectsPage is the page behind the card's "Effects".
func effectsPage() page { return page{name: "effects", title: titleEffects, fields: effectsFields()} }

func (w tongue) effects(s player.Status) reply {
	return reply{parts: []discordgo.MessageComponent{w.show(actionMix, effectsPage(), state{status: s})}}
}

// mix has exactly the effects on that somebody chose.
func mix(ctx context.Context, c *call, id customID) error {
	_, f, ok := find([]page{effectsPage()}, id.serial, id.argument)
	if !ok {
		return fault.New(fault.Invalid, textOldButton)
	}
	if err := f.choose(ctx, c, ""); err != nil {
		return err
	}
	now, _ := c.b.opts.Doer.Status(c.guild)
	return c.update(ctx, c.mine.effects(now))
}
