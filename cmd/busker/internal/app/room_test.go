package app_test

import (
	"strings"
	"testing"
	"time"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
	"busker/player"
)

// told waits until the bot has said something in the text channel.
func (s *stage) told(t *testing.T, words string) {
	t.Helper()
	if _, err := s.text.WaitMessage(s.ctx, func(m discord.Message) bool { return contains(m, words) }); err != nil {
		t.Fatalf("nobody said %q: %v", words, err)
	}
}

func (s *stage) waits(t *testing.T, held bool) {
	t.Helper()
	s.until(t, "the music to wait, or to go on", func() bool { return s.status().Held == held })
}

// Music waits where nobody listens, wherever the bot and the listeners are brought.
func TestMusicWaitsForListeners(t *testing.T) {
	t.Parallel()
	s := newStage(t, longSongs(t))
	yard, attic := s.guild.AddVoiceChannel("Back Yard"), s.guild.AddVoiceChannel("Attic")
	s.play(t, songs[0])
	hears(t, s.ctx, s.ears)
	s.you.LeaveVoice()
	s.waits(t, true)
	s.told(t, "Waiting for listeners")
	at := s.status().Position
	s.ears = s.join(s.voice)
	s.waits(t, false)
	hears(t, s.ctx, s.ears)
	if now := s.status().Position; now < at || now > at+10*time.Second {
		t.Errorf("waited at %v, and is at %v", at, now)
	}

	s.guild.MoveBot(s.bot, yard)
	s.until(t, "the bot to be dragged away", func() bool { return s.status().Channel == yard.ID })
	s.waits(t, true)
	s.ears = s.join(yard)
	s.waits(t, false)
	hears(t, s.ctx, s.ears)
	s.ears = s.join(attic) // the last listener is moved
	s.waits(t, true)
	s.guild.MoveBot(s.bot, attic)
	s.waits(t, false)
	hears(t, s.ctx, s.ears)
	if err := attic.Delete(); err != nil {
		t.Fatal(err)
	}
	s.until(t, "the bot to be out", func() bool { return s.status().Channel == 0 })
	s.told(t, "I was disconnected from")
}

// Nobody stays where nobody is, unless people want that.
func TestTheBotLeavesWhereNobodyIs(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *app.Options) {
		longSongs(t)(o)
		o.Tuning.Player.IdleTimeout = time.Second
	})
	s.play(t, songs[0])
	s.play(t, songs[1])
	hears(t, s.ctx, s.ears)
	s.command(t, "stay", emulator.Args{"mode": "on"})
	s.you.LeaveVoice()
	s.waits(t, true)
	if s.status().Channel != s.voice.ID {
		t.Fatal("it left although it shall stay")
	}
	s.ears = s.join(s.voice)
	s.waits(t, false)
	s.command(t, "stay", emulator.Args{"mode": "off"})
	s.you.LeaveVoice()
	if err := s.bot.WaitVoice(s.ctx, s.guild, nil); err != nil {
		t.Fatal(err)
	}
	s.told(t, "Nobody was listening any more, so I left.")
	s.ears = s.join(s.voice)
	s.command(t, "join", nil)
	hears(t, s.ctx, s.ears)
	if now := s.status(); len(now.Queue) != 1 || !strings.HasPrefix(now.Track.Title, "Cobblestone") {
		t.Errorf("back with %q and %d to come", now.Track.Title, len(now.Queue))
	}
	s.command(t, "stop", nil)
	s.told(t, "Nothing was playing any more, so I left.")
}

// On a stage, moderators speak and others ask.
func TestTheBotComesToSpeakOnAStage(t *testing.T) {
	t.Parallel()
	t.Run("it asks", func(t *testing.T) {
		s := newStage(t, longSongs(t))
		there := s.guild.AddVoiceChannel("Open Mic", emulator.ChannelOptions{Stage: true})
		s.voice, s.ears = there, s.join(there)
		s.play(t, songs[0])
		if _, err := s.bot.WaitRequest(s.ctx, s.guild); err != nil {
			t.Fatal(err)
		}
		s.told(t, "I asked to speak in")
		s.waits(t, true)
		s.told(t, "Waiting for the invitation to speak")
		at := s.status().Position
		s.guild.InviteToSpeak(s.bot)
		s.waits(t, false)
		hears(t, s.ctx, s.ears)
		if at > 2*time.Second {
			t.Errorf("%v were played to nobody", at)
		}
		s.guild.MoveToAudience(s.bot)
		s.waits(t, true)
	})
	t.Run("it may", func(t *testing.T) {
		s := newStage(t, longSongs(t))
		there := s.guild.AddVoiceChannel("Open Mic", emulator.ChannelOptions{Stage: true})
		s.voice, s.ears = there, s.join(there)
		s.command(t, "join", nil)
		if err := s.bot.Grant(s.guild, discord.MuteMembers); err != nil { // while it is in the audience
			t.Fatal(err)
		}
		s.play(t, songs[0])
		hears(t, s.ctx, s.ears)
		if !s.bot.Heard(s.guild) {
			t.Error("it is in the audience")
		}
	})
}

// The voice channel says what plays, unless somebody else has written there.
func TestTheVoiceChannelSaysWhatPlays(t *testing.T) {
	t.Parallel()
	s := newStage(t, longSongs(t))
	if err := s.bot.Grant(s.guild, discord.SetVoiceChannelStatus); err != nil {
		t.Fatal(err)
	}
	if err := s.you.Grant(discord.SetVoiceChannelStatus); err != nil {
		t.Fatal(err)
	}
	reads := func(want string) {
		t.Helper()
		if got, err := s.voice.WaitStatus(s.ctx, func(now string) bool { return now == want }); err != nil {
			t.Fatalf("status %q, want %q", got, want)
		}
	}
	s.play(t, songs[0])
	reads("♪ Cobblestone Waltz")
	s.command(t, "leave", nil)
	reads("")
	if err := s.you.SetStatus(s.voice, "Quiz night"); err != nil {
		t.Fatal(err)
	}
	s.play(t, songs[1])
	hears(t, s.ctx, s.ears)
	s.command(t, "leave", nil)
	reads("Quiz night")
}

// The encoder follows the channel's bitrate while the music plays.
func TestTheBitrateFollowsTheChannel(t *testing.T) {
	t.Parallel()
	s := newStage(t, longSongs(t))
	s.play(t, songs[0])
	hears(t, s.ctx, s.ears)
	before := s.status()
	if err := s.voice.SetBitrate(128_000); err != nil {
		t.Fatal(err)
	}
	s.until(t, "the bitrate to follow", func() bool { return s.status().Bitrate == 128_000 })
	hears(t, s.ctx, s.ears)
	now := s.status()
	if now.State != player.StatePlaying || now.ItemID != before.ItemID || before.Bitrate == now.Bitrate {
		t.Errorf("before %d bit/s, now %d, %v", before.Bitrate, now.Bitrate, now.State)
	}
}
