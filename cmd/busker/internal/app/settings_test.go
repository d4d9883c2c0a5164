package app_test

import (
	"strings"
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/discord"
)

// contains reports whether something written in a message contains words.
func contains(m discord.Message, words string) bool {
	_, ok := m.Find(func(c discord.Component) bool {
		return strings.Contains(c.Content, words) || strings.Contains(c.Label, words)
	})
	return ok || strings.Contains(m.Content, words)
}

func TestSettingsAsAModeratorUsesThem(t *testing.T) {
	t.Parallel()
	s := newStage(t, longSongs(t))
	mod, ben := s.guild.AddUser("mod"), s.guild.AddUser("ben")
	if err := mod.Moderate(); err != nil {
		t.Fatal(err)
	}
	s.joinAs(t, mod)
	s.joinAs(t, ben)
	modSays, benSays := s.as(mod), s.as(ben)
	djs := s.guild.AddRole("DJ", 0)

	t.Run("only moderators are offered them", func(t *testing.T) {
		if _, err := s.you.Command(s.ctx, s.text, "settings", nil); err == nil {
			t.Error("anybody can type /settings")
		}
	})
	open := func(t *testing.T, page string) discord.Message {
		t.Helper()
		m := modSays.command(t, "settings", nil)
		if !m.Ephemeral() {
			t.Fatal("everybody sees the settings")
		}
		return modSays.choose(t, m, "settings", page)
	}
	t.Run("DJs", func(t *testing.T) {
		m := open(t, "access")
		modSays.choose(t, m, "djs", djs.ID.String())
		s.play(t, songs[0])
		s.expect(t, "stop", nil, "only DJs control the music: <@&"+djs.ID.String()+">", "Cobblestone")
		s.expect(t, "play", emulator.Args{"query": songs[1], "when": "next"}, "It plays in", "Cobblestone Last")
		s.expect(t, "play", emulator.Args{"query": songs[2], "when": "next"}, "only DJs put tracks before others", "")
		benSays.expect(t, "remove", emulator.Args{"track": "1"}, "only DJs take out what others asked for", "Cobblestone Last")
		benSays.expect(t, "skip", nil, "only DJs control the music", "Cobblestone Last")
		s.expect(t, "remove", emulator.Args{"track": "1"}, "Removed **Last Tram Home**", "Cobblestone")
		if err := ben.Give(djs); err != nil {
			t.Fatal(err)
		}
		benSays.expect(t, "pause", nil, "Paused.", "")
		benSays.expect(t, "resume", nil, "Playing again.", "")
		if err := ben.Take(djs); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("votes", func(t *testing.T) {
		modSays.choose(t, open(t, "access"), "vote", "67")
		modSays.choose(t, open(t, "access"), "requester=off")
		s.play(t, songs[1])
		s.expect(t, "skip", nil, "Vote to skip **Cobblestone Waltz**: 1 of 3.", "Cobblestone Last")
		s.expect(t, "skip", nil, "1 of 3", "Cobblestone Last")
		benSays.expect(t, "skip", nil, "2 of 3", "Cobblestone Last")
		modSays.expect(t, "skip", nil, "Skipped **Cobblestone Waltz**", "Last")
		modSays.choose(t, open(t, "access"), "vote", "34")
		s.expect(t, "skip", nil, "1 of 2", "Last")
		benSays.expect(t, "skip", nil, "Skipped **Last Tram Home**", "-")
		modSays.choose(t, open(t, "access"), "djs")
		modSays.choose(t, open(t, "access"), "vote", "0")
	})
	t.Run("queue", func(t *testing.T) {
		modSays.choose(t, open(t, "queue"), "each", "1")
		s.play(t, songs[0])
		s.play(t, songs[1])
		if _, err := s.tryPlay(songs[2]); err == nil {
			t.Error("one person has more than one track in the queue")
		}
		modSays.choose(t, open(t, "queue"), "each", "0")
		modSays.choose(t, open(t, "queue"), "most", "1")
		s.expect(t, "play", emulator.Args{"query": songs[2]}, "holds at most 1 track", "")
		modSays.choose(t, open(t, "queue"), "most", "0")
		if m := modSays.choose(t, open(t, "queue"), "duplicates=on"); !contains(m, "Turn off") {
			t.Error("the switch does not show that it is on")
		}
		s.expect(t, "play", emulator.Args{"query": songs[1]}, "is in the queue already", "")
		modSays.choose(t, open(t, "queue"), "duplicates=off")
		modSays.choose(t, open(t, "queue"), "fair=on")
		if !s.status().Fair {
			t.Error("the queue is not fair")
		}
	})
	t.Run("sound", func(t *testing.T) {
		modSays.choose(t, open(t, "sound"), "volume", "80")
		modSays.choose(t, open(t, "sound"), "effects", "bassboost", "nightcore")
		modSays.choose(t, open(t, "sound"), "crossfade", "4")
		modSays.choose(t, open(t, "sound"), "loudness=on")
		now := s.status()
		if now.Volume != 80 || len(now.Effects) != 2 || now.Crossfade != 4*time.Second || !now.Normalise {
			t.Errorf("volume %d, effects %v, crossfade %v, normalise %v", now.Volume, now.Effects, now.Crossfade, now.Normalise)
		}
		modSays.choose(t, open(t, "sound"), "effects", "bassboost")
		if now := s.status(); len(now.Effects) != 1 || now.Effects[0].Preset != "bassboost" {
			t.Errorf("effects %v", now.Effects)
		}
	})
	t.Run("voice", func(t *testing.T) {
		modSays.choose(t, open(t, "voice"), "leave", "10")
		modSays.choose(t, open(t, "voice"), "stay=on")
		modSays.choose(t, open(t, "voice"), "alone=off")
		modSays.choose(t, open(t, "voice"), "status=off")
		if !s.status().Stay {
			t.Error("the player does not stay")
		}
	})
	t.Run("roles of a command", func(t *testing.T) {
		m := modSays.choose(t, open(t, "roles"), "queue", "shuffle")
		if !contains(m, "/shuffle") {
			t.Fatalf("the roles of what? %+v", m.Components)
		}
		modSays.choose(t, m, "of:shuffle", djs.ID.String())
		s.expect(t, "shuffle", nil, "takes one of these roles: <@&"+djs.ID.String()+">", "")
		if m := open(t, "roles"); !contains(m, "`/shuffle`: <@&"+djs.ID.String()+">") {
			t.Error("the rule is not listed")
		}
		modSays.choose(t, modSays.choose(t, open(t, "roles"), "queue", "shuffle"), "of:shuffle")
		s.expect(t, "shuffle", nil, "Shuffled", "")
	})
	t.Run("people and channels", func(t *testing.T) {
		other := s.guild.AddTextChannel("elsewhere")
		modSays.choose(t, open(t, "access"), "users", ben.ID.String())
		benSays.expect(t, "queue", nil, "do not let you use me", "")
		modSays.choose(t, open(t, "access"), "users")
		modSays.choose(t, open(t, "access"), "channels", s.text.ID.String())
		s.expect(t, "queue", nil, "I take no commands in this channel.", "")
		modSays.choose(t, open(t, "access"), "channels")
		modSays.choose(t, open(t, "general"), "channel", other.ID.String())
		s.expect(t, "queue", nil, "I take commands in <#"+other.ID.String()+">", "")
		modSays.choose(t, open(t, "general"), "channel")
		s.expect(t, "queue", nil, "Now playing", "")
	})
	t.Run("languages", func(t *testing.T) {
		if err := ben.SetLocale("ja"); err != nil {
			t.Fatal(err)
		}
		m := modSays.choose(t, open(t, "general"), "language", "de")
		if !contains(m, "General") {
			t.Errorf("a moderator with an English Discord reads %v", texts(m))
		}
		if m := s.command(t, "stop", nil); !strings.Contains(m.Content, "Warteschlange") {
			t.Errorf("everybody reads %q", m.Content)
		}
		if m := benSays.command(t, "nowplaying", nil); !strings.Contains(m.Content, "再生") {
			t.Errorf("ben reads %q", m.Content)
		}
		m = benSays.command(t, "preferences", nil)
		m = benSays.choose(t, m, "language", "fr")
		if !contains(m, "Mes préférences") {
			t.Errorf("ben reads %v", texts(m))
		}
		benSays.choose(t, m, "private=on")
		if m := benSays.command(t, "stop", nil); !m.Ephemeral() || !strings.Contains(m.Content, "file") {
			t.Errorf("ben's answer: %q, private %v", m.Content, m.Ephemeral())
		}
		benSays.choose(t, benSays.command(t, "preferences", nil), "history=on")
	})
}

// joinAs has somebody come into the voice channel, and waits until the bot knows.
func (s *stage) joinAs(t *testing.T, u *emulator.User) {
	t.Helper()
	if _, err := u.JoinVoice(s.voice); err != nil {
		t.Fatal(err)
	}
	for {
		if at, _ := s.app.VoiceChannelOf(s.guild.ID, u.ID); at == s.voice.ID {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-s.ctx.Done():
			t.Fatal("the bot never sees who came in")
		}
	}
}
