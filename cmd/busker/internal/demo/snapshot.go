package demo

import (
	"encoding/json"
	"math"

	"busker/emulator/discord"
)

// snapshot is what the page shows. Messages travel apart: only those that changed.
type snapshot struct {
	Server   string            `json:"server"`
	You      string            `json:"you"`
	People   []person          `json:"people"`
	Channels []channel         `json:"channels"`
	Commands []discord.Command `json:"commands"`
	Album    []song            `json:"album"`
	Order    []string          `json:"order"` // ids of all messages, oldest first
	Changed  []json.RawMessage `json:"changed"`
}

type person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Bot      bool   `json:"bot"`
	Speaking bool   `json:"speaking"`
}

type channel struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Voice   bool     `json:"voice"`
	Members []string `json:"members,omitempty"`
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

// known is what one page has been sent: message id → its JSON.
type known map[string]string

// look makes the snapshot for a page that knows what k says, and updates k.
func (p *page) look(k known) (snapshot, error) {
	s := p.street
	_, speaking := p.ears.current()
	v := snapshot{
		Server: s.guild.Name, You: s.you.ID.String(), Album: p.songs, Commands: s.bot.Commands(s.guild),
		People: []person{
			{ID: s.you.ID.String(), Name: s.you.Name},
			{ID: s.bot.ID.String(), Name: botName, Bot: true, Speaking: speaking},
		},
		Channels: []channel{{ID: s.text.ID.String(), Name: s.text.Name}},
		Order:    []string{},
	}
	for _, c := range s.voice {
		v.Channels = append(v.Channels, channel{ID: c.ID.String(), Name: c.Name, Voice: true, Members: s.members(c)})
	}
	messages := s.you.Messages(s.text)
	for _, m := range messages[max(0, len(messages)-maxMessages):] {
		raw, err := json.Marshal(m)
		if err != nil {
			return v, err
		}
		id := m.ID.String()
		v.Order = append(v.Order, id)
		if k[id] != string(raw) {
			k[id] = string(raw)
			v.Changed = append(v.Changed, raw)
		}
	}
	return v, nil
}

// heard returns the listener's figures, nil when the visitor is in no voice channel.
func (p *page) heard() *stats {
	l, _ := p.ears.current()
	if l == nil {
		return nil
	}
	r := l.Report()
	s := &stats{Packets: r.Packets, Lost: r.Lost, Gaps: r.GapCount, P99: float64(r.Deviation.P99.Microseconds()) / 1000}
	if code, encrypted := p.app.PrivacyCode(p.street.guild.ID); encrypted {
		s.Privacy = code
	}
	if level := (r.RMS[0] + r.RMS[1]) / 2; !math.IsInf(level, 0) && !math.IsNaN(level) {
		s.Level = &level
	}
	return s
}
