package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/player"
	"busker/track"
)

// view is what a card shows: Components V2 of one message.
type view struct {
	components []discordgo.MessageComponent
	key        string         // equal for equal components
	artwork    *track.Artwork // shown as attachment://, nil for none
	ended      bool
}

// Accent colours of the card's edge; its texts say the same.
const (
	colourPlaying = 0x2EA56B
	colourPaused  = 0xC99A2E
	colourEnded   = 0x6B6F76
)

// playing is the card of a current track; why says why it waits, if it does.
func (w tongue) playing(s player.Status, serial string, why hush) view {
	colour := colourPlaying
	if s.State == player.StatePaused {
		colour = colourPaused
	}
	parts := []discordgo.MessageComponent{
		w.headline(s),
		discordgo.TextDisplay{Content: w.bar(s)},
	}
	if line := w.stateLine(s, why); line != "" {
		parts = append(parts, discordgo.TextDisplay{Content: line})
	}
	parts = append(parts, w.controls(s, serial)...)
	return newView(colour, picture(s.Track), false, parts...)
}

// over is the card after the music: no buttons, no picture.
func (w tongue) over(s player.Status) view {
	lines := w.Say(textEnded)
	if s.ItemID != 0 {
		lines += "\n-# " + w.Say(textLastPlayed, w.bold(s.Track))
	}
	return newView(colourEnded, nil, true, discordgo.TextDisplay{Content: lines})
}

// resting is the card while the process is restarted: the next one goes on with it.
func (w tongue) resting(s player.Status) view {
	lines := w.Say(textResting)
	if s.ItemID != 0 {
		lines += "\n-# " + w.Say(textPlaying, w.bold(s.Track))
	}
	return newView(colourPaused, nil, true, discordgo.TextDisplay{Content: lines})
}

// unused is a card that nobody keeps any more.
func (w tongue) unused() view {
	return newView(colourEnded, nil, true, discordgo.TextDisplay{Content: w.Say(textUnused)})
}

func newView(colour int, artwork *track.Artwork, ended bool, parts ...discordgo.MessageComponent) view {
	v := view{artwork: artwork, ended: ended, components: []discordgo.MessageComponent{
		discordgo.Container{AccentColor: &colour, Components: parts},
	}}
	key, err := json.Marshal(v.components)
	if err != nil { // plain values always marshal
		panic(err)
	}
	v.key = string(key)
	return v
}

// headline is title, artist and requester, beside the cover if there is one.
func (w tongue) headline(s player.Status) discordgo.MessageComponent {
	lines := []string{"### " + heading(s.Track)}
	if s.Track.Artist != "" {
		lines = append(lines, escape(s.Track.Artist))
	}
	if s.Requester != 0 {
		lines = append(lines, "-# "+w.Say(textRequested, fmt.Sprint(uint64(s.Requester))))
	}
	display := discordgo.TextDisplay{Content: strings.Join(lines, "\n")}
	art := picture(s.Track)
	if art == nil {
		return display
	}
	about := w.Say(textCover, plainTitle(s.Track))
	return discordgo.Section{
		Components: []discordgo.MessageComponent{display},
		Accessory: discordgo.Thumbnail{
			Media: discordgo.UnfurledMediaItem{URL: "attachment://" + coverName(art)}, Description: &about,
		},
	}
}

// heading is the title, as a link where the track has a page for people.
func heading(t track.Track) string {
	name := title(t)
	if strings.HasPrefix(t.Page, "https://") && !strings.ContainsAny(t.Page, "()<> \n") {
		return "[" + name + "](" + t.Page + ")"
	}
	return name
}

// barWidth is the number of steps in the progress bar; it fits a phone.
const barWidth = 16

// bar is where the track is: 1:23 ▬▬▬◉▬▬▬ 4:40.
func (w tongue) bar(s player.Status) string {
	if s.Track.Live || s.Length <= 0 {
		if s.Track.Live {
			return w.Say(textLive) + " · " + clock(s.Position)
		}
		return clock(s.Position)
	}
	at := min(max(int(s.Position*barWidth/s.Length), 0), barWidth-1)
	line := strings.Repeat("▬", at) + "◉" + strings.Repeat("▬", barWidth-1-at)
	return "`" + clock(s.Position) + "` " + line + " `" + clock(s.Length) + "`"
}

// stateLine is what else matters: that nothing is heard and why, volume, what comes next.
func (w tongue) stateLine(s player.Status, why hush) string {
	var parts []string
	if s.Interrupted {
		parts = append(parts, w.Say(textIsCut))
	}
	switch {
	case s.Held:
		parts = append(parts, w.Say(hushTexts[why]))
	case s.State == player.StatePaused:
		parts = append(parts, w.Say(textIsPaused))
	}
	parts = append(parts, w.sleepParts(s)...)
	parts = append(parts, w.soundParts(s)...)
	if len(s.Queue) > 0 {
		next := w.Say(textUpNext, title(s.Queue[0].Track))
		if more := len(s.Queue) - 1; more > 0 {
			next += " " + w.Say(textMore, w.tracks(more))
		}
		parts = append(parts, next)
	}
	return small(parts)
}

// hushTexts say why a track waits.
var hushTexts = map[hush]string{
	hushNot: textIsHeld, hushAlone: textIsHeld, hushAudience: textInAudience, hushMuted: textIsMuted,
}

// soundParts tells what is done to the sound, as far as anything is.
func (w tongue) soundParts(s player.Status) (parts []string) {
	if s.Volume != 100 {
		parts = append(parts, w.Say(textAtVolume, s.Volume))
	}
	if names := w.effectNames(s); names != "" {
		parts = append(parts, names)
	}
	if s.Crossfade > 0 {
		parts = append(parts, w.Say(textFades, wholeSeconds(s.Crossfade)))
	}
	if s.Normalise {
		parts = append(parts, w.Say(textEven))
	}
	return parts
}

// small is a line of small print, empty when there is nothing in it.
func small(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return "-# " + strings.Join(parts, " · ")
}

var coverNames = map[string]string{
	"image/png": "cover.png", "image/jpeg": "cover.jpg", "image/webp": "cover.webp", "image/gif": "cover.gif",
}

func coverName(a *track.Artwork) string { return coverNames[a.MIME] }

// picture is the track's cover, if it can be shown.
func picture(t track.Track) *track.Artwork {
	if t.Artwork == nil || len(t.Artwork.Bytes) == 0 || coverName(t.Artwork) == "" {
		return nil
	}
	return t.Artwork
}

// files is a picture as an upload, to be read once.
func files(a *track.Artwork) []*discordgo.File {
	if a == nil {
		return nil
	}
	return []*discordgo.File{{Name: coverName(a), ContentType: a.MIME, Reader: bytes.NewReader(a.Bytes)}}
}

// plainTitle is a title for where markdown means nothing.
func plainTitle(t track.Track) string {
	r := []rune(strings.ToValidUTF8(t.Title, ""))
	return string(r[:min(len(r), maxTitle)])
}
