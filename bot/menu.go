package bot

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/track"
)

func menuCommands() []*command {
	return []*command{
		{name: "Add to queue", menu: true, topic: topicMusic, needs: needsJoin, right: rightAdd, as: "play", private: true, run: fromMessage(whenLast)},
		{name: "Play next", menu: true, topic: topicMusic, needs: needsJoin, right: rightAdd, as: "play", private: true, run: fromMessage(whenNext)},
		{name: "Save to playlist", menu: true, topic: topicLibrary, as: "playlist", private: true, run: saveMessage},
	}
}

// maxFromMessage is how many links and files of one message are looked at.
const maxFromMessage = 10

// fromMessage plays what the links and files of a message lead to.
func fromMessage(when string) func(context.Context, *call) (reply, error) {
	return func(ctx context.Context, c *call) (reply, error) {
		a, err := c.placing(when)
		if err != nil {
			return reply{}, err
		}
		found, missed, err := c.inMessage(ctx)
		if err != nil {
			return reply{}, err
		}
		r, err := c.add(ctx, found, a)
		if missed > 0 {
			r.text += "\n" + c.w.Say(textMessageMissed, missed)
		}
		return r, err
	}
}

// saveMessage asks where what a message leads to is to be saved.
func saveMessage(ctx context.Context, c *call) (reply, error) {
	found, missed, err := c.inMessage(ctx)
	if err != nil {
		return reply{}, err
	}
	p := picker{head: c.w.Say(textFound, c.w.named(found))}
	if missed > 0 {
		p.head += "\n" + c.w.Say(textMessageMissed, missed)
	}
	name := c.w.plainly(found)
	if len(found.Tracks) > 1 && found.Playlist == "" {
		name = c.w.tracks(len(found.Tracks))
	}
	p.things = append(p.things, thing(refDraft+c.b.drafts.keep(c.user, found, queriesIn(c.target)[0]), name, ""))
	p.things[0].Default = true
	to, err := c.listsToSave(ctx)
	if err != nil {
		return reply{}, err
	}
	return p.reply(c.w, to), nil
}

// inMessage finds what the links and files of the message lead to. Missed is how many
// led to nothing; if all did, the error is that of the first.
func (c *call) inMessage(ctx context.Context) (all track.Result, missed int, err error) {
	asked := queriesIn(c.target)
	if len(asked) == 0 {
		return all, 0, fault.New(fault.Invalid, textNoLinks)
	}
	var first error
	for _, q := range asked {
		found, err := c.resolve(ctx, q)
		if err == nil && len(asked) > 1 {
			err = whole(ctx, &found)
		}
		if err != nil {
			if missed++; first == nil {
				first = err
			}
			continue
		}
		if len(asked) == 1 {
			return found, 0, nil
		}
		all.Tracks = append(all.Tracks, found.Tracks...)
	}
	if len(all.Tracks) == 0 {
		return all, missed, first
	}
	return all, missed, nil
}

// linkIn finds links as Discord shows them; <> around one only hides its preview.
var linkIn = regexp.MustCompile(`https?://[^\s<>]+`)

// queriesIn are the files and links of a message, each once. Pictures and texts among the
// files are left out, as are links that Discord itself shows only as a picture.
func queriesIn(m *discordgo.Message) (asked []track.Query) {
	if m == nil {
		return nil
	}
	for _, a := range m.Attachments {
		if a != nil && a.URL != "" && mayBeMusic(a) {
			asked = append(asked, track.Query{Text: a.URL, Name: a.Filename})
		}
	}
	for _, link := range linkIn.FindAllString(m.Content, -1) {
		link = trimLink(link)
		if !slices.ContainsFunc(asked, func(q track.Query) bool { return q.Text == link }) {
			asked = append(asked, track.Query{Text: link})
		}
	}
	return asked[:min(len(asked), maxFromMessage)]
}

// trimLink takes off what belongs to the sentence around a link.
func trimLink(link string) string {
	link = strings.TrimRight(link, ".,;:!?*_~|'\"")
	if strings.HasSuffix(link, ")") && strings.Count(link, "(") < strings.Count(link, ")") {
		link = strings.TrimSuffix(link, ")")
	}
	return link
}

func mayBeMusic(a *discordgo.MessageAttachment) bool {
	kind, _, _ := strings.Cut(a.ContentType, "/")
	return kind == "" || kind == "audio" || kind == "video" || kind == "application"
}
