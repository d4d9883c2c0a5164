package demo

import (
	"encoding/json"
	"math"

	"busker/emulator"
	"busker/emulator/discord"
)

// snapshot is what the page shows one visitor. What changes seldom or is large
// travels apart: commands and messages only when they are new to the page.
type snapshot struct {
	Server    string            `json:"server"`
	You       string            `json:"you"`
	Locale    string            `json:"locale"`
	Moderates bool              `json:"moderates"` // may invite speakers and delete messages
	People    []person          `json:"people"`
	Roles     []named           `json:"roles"`
	Channels  []channel         `json:"channels"`
	Offers    *offers           `json:"offers,omitempty"`
	Album     []song            `json:"album"`
	Order     []string          `json:"order"` // ids of all messages, oldest first
	Changed   []json.RawMessage `json:"changed"`
}

// offers are the commands of one visitor, in their language. Sub-commands stand
// for themselves, as "queue show".
type offers struct {
	Commands []discord.Command `json:"commands"`
	Message  []string          `json:"message"` // in the context menu of a message
	User     []string          `json:"user"`    // in that of a person
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type person struct {
	named
	Bot      bool   `json:"bot"`
	Part     string `json:"part,omitempty"` // of somebody one can be
	Speaking bool   `json:"speaking"`
}

type channel struct {
	named
	Voice   bool     `json:"voice"`
	Stage   bool     `json:"stage,omitempty"`
	Status  string   `json:"status,omitempty"`
	Bitrate int      `json:"bitrate,omitempty"` // kbit/s
	Limit   int      `json:"limit,omitempty"`   // people
	Members []member `json:"members,omitempty"`
}

// member is somebody in a voice channel.
type member struct {
	ID       string `json:"id"`
	Muted    bool   `json:"muted,omitempty"`    // by the server
	Audience bool   `json:"audience,omitempty"` // of a stage
	Asking   bool   `json:"asking,omitempty"`   // to speak on it
}

// stats are what the visitor's listener measured.
type stats struct {
	Packets int64    `json:"packets"`
	Lost    int64    `json:"lost"`
	Gaps    int      `json:"gaps"`
	Level   *float64 `json:"level"` // dBFS, nil for silence
	P99     float64  `json:"p99"`   // deviation of the packets' distance, milliseconds
	// Privacy is the call's privacy code as the bot knows it, "" while it is not
	// encrypted end to end.
	Privacy string `json:"privacy"`
}

// maxMessages is how far back the page can scroll.
const maxMessages = 100

// known is what one page has been sent: message id → its JSON, and "offers".
type known map[string]string

// fresh reports whether the page does not have this JSON under the key yet, and
// notes that it will.
func (k known) fresh(key string, raw []byte) bool {
	if k[key] == string(raw) {
		return false
	}
	k[key] = string(raw)
	return true
}

// look makes the snapshot for a page that knows what k says, and updates k.
func (p *page) look(who *visitor, k known) (snapshot, error) {
	s := p.street
	v := snapshot{
		Server: s.guild.Name, You: who.ID.String(), Locale: who.Locale(), Moderates: s.moderates(who), Album: p.songs,
		People: s.everybody(), Channels: s.channels(), Order: []string{},
	}
	for _, r := range s.roles {
		v.Roles = append(v.Roles, named{r.ID.String(), r.Name})
	}
	all := offers{s.offers(who), s.names(who, discord.MessageCommand), s.names(who, discord.UserCommand)}
	raw, err := json.Marshal(all)
	if err != nil {
		return v, err
	}
	if k.fresh("offers", raw) {
		v.Offers = &all
	}
	messages := who.Messages(s.text)
	for _, m := range messages[max(0, len(messages)-maxMessages):] {
		raw, err := json.Marshal(m)
		if err != nil {
			return v, err
		}
		id := m.ID.String()
		v.Order = append(v.Order, id)
		if k.fresh(id, raw) {
			v.Changed = append(v.Changed, raw)
		}
	}
	return v, nil
}

// everybody is who can be met on the street. The bot speaks when any of its
// listeners hears it.
func (s *street) everybody() []person {
	var list []person
	speaking := false
	for _, v := range s.people {
		list = append(list, person{named: named{v.ID.String(), v.Name}, Part: v.part})
		_, hears := v.ears.current()
		speaking = speaking || hears
	}
	return append(list, person{named: named{s.bot.ID.String(), botName}, Bot: true, Speaking: speaking})
}

func (s *street) channels() []channel {
	list := append(make([]channel, 0, 1+len(s.voice)), channel{named: named{s.text.ID.String(), s.text.Name}})
	states := s.emulator.World().VoiceStates(s.guild.ID)
	for _, c := range s.voice {
		list = append(list, s.voiceChannel(c, states))
	}
	return list
}

func (s *street) voiceChannel(c *emulator.Channel, states []discord.VoiceState) channel {
	out := channel{named: named{c.ID.String(), c.Name}, Voice: true, Status: c.Status()}
	if in, err := s.emulator.World().Channel(s.bot.ID, c.ID); err == nil {
		out.Stage = in.Type == discord.StageChannel
		if in.Bitrate != nil {
			out.Bitrate = *in.Bitrate / 1000
		}
		if in.UserLimit != nil {
			out.Limit = *in.UserLimit
		}
	}
	for _, state := range states {
		if state.ChannelID == c.ID {
			out.Members = append(out.Members, member{
				ID: state.UserID.String(), Muted: state.Mute, Audience: out.Stage && state.Suppress,
				Asking: state.RequestToSpeakTimestamp != nil,
			})
		}
	}
	return out
}

// offers are the slash commands as the visitor sees them, sub-commands by themselves.
func (s *street) offers(who *visitor) []discord.Command {
	list := []discord.Command{}
	for _, c := range who.Commands(s.text) {
		list = unfold(list, c.In(who.Locale()))
	}
	return list
}

// unfold appends a command, or the sub-commands in it.
func unfold(list []discord.Command, c discord.Command) []discord.Command {
	parent := true
	for _, o := range c.Options {
		if o.Type > discord.SubCommandGroupOption {
			break
		}
		parent = false
		list = unfold(list, discord.Command{Name: c.Name + " " + o.Name, Description: o.Description, Options: o.Options})
	}
	if parent {
		list = append(list, c)
	}
	return list
}

// names are the commands of a kind of context menu as the visitor sees them.
func (s *street) names(who *visitor, kind discord.CommandType) []string {
	menu := who.Menu(s.text, kind)
	list := make([]string, len(menu))
	for i, c := range menu {
		list[i] = c.In(who.Locale()).Name
	}
	return list
}

// heard returns the visitor's listener's figures, nil while they are in no voice channel.
func (p *page) heard(who *visitor) *stats {
	l, _ := who.ears.current()
	if l == nil {
		return nil
	}
	r := l.Report()
	s := &stats{Packets: r.Packets, Lost: r.Lost, Gaps: r.GapCount, P99: float64(r.Deviation.P99.Microseconds()) / 1000}
	if code, encrypted := p.calls.PrivacyCode(p.street.guild.ID); encrypted {
		s.Privacy = code
	}
	if level := (r.RMS[0] + r.RMS[1]) / 2; !math.IsInf(level, 0) && !math.IsNaN(level) {
		s.Level = &level
	}
	return s
}
