package gateway_test

import (
	"testing"
	"time"

	"busker/emulator"
	eg "busker/emulator/gateway"
	"busker/internal/fault"
	"busker/internal/snowflake"
)

func TestMayReturn(t *testing.T) {
	s := newSquare(t, eg.Limits{})
	small := s.guild.AddVoiceChannel("Box office", emulator.ChannelOptions{UserLimit: 1})
	if _, err := s.ann.JoinVoice(small); err != nil {
		t.Fatal(err)
	}
	shut := s.guild.AddVoiceChannel("Vault", emulator.ChannelOptions{Deny: 1 << 20}) // Connect
	g := s.login(t)
	for late := time.After(10 * time.Second); g.MayReturn(s.guild.ID, s.voice.ID) != nil; {
		select {
		case <-time.After(5 * time.Millisecond): // Discord tells of a guild after READY
		case <-late:
			t.Fatal(g.MayReturn(s.guild.ID, s.voice.ID))
		}
	}
	for _, tt := range []struct {
		name           string
		guild, channel snowflake.ID
		want           fault.Kind
	}{
		{"full", s.guild.ID, small.ID, fault.Denied},
		{"forbidden", s.guild.ID, shut.ID, fault.Denied},
		{"gone", s.guild.ID, 7, fault.NotFound},
		{"a guild nobody told of", 9, s.voice.ID, fault.Unavailable},
	} {
		if err := g.MayReturn(tt.guild, tt.channel); fault.KindOf(err) != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
