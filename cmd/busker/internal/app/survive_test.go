package app_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator"
	"busker/emulator/listen"
	"busker/internal/fault"
	"busker/player"
)

// TestTheMusicSurvives breaks the connections of a playing bot one way after the
// other. The track goes on where it was, and everything of it arrives.
func TestTheMusicSurvives(t *testing.T) {
	s := newStage(t, nil)
	yard := s.guild.AddVoiceChannel("Back Yard")
	r := &spot{stage: s}
	if _, err := s.app.Players().Do(s.ctx, s.guild.ID, player.Play{Tracks: s.tracks(t, song, "01-cobblestone-waltz.opus"), Channel: s.voice.ID}); err != nil {
		t.Fatal(err)
	}
	events, cancel := s.app.Players().Subscribe(256)
	defer cancel()
	hears(t, s.ctx, s.ears)
	for _, tt := range []struct {
		name string
		does func() bool
		ends player.Event // what is told when it is over; nil = nothing is noticed
		to   *emulator.Channel
		anew bool // voice is connected anew, which is told only if the end of the old socket is seen first
	}{
		{name: "the main gateway asks to reconnect", does: s.bot.Reconnect},
		{name: "the main gateway breaks off", does: func() bool { return s.bot.DropGateway(4000) }},
		{name: "the voice server changes", does: func() bool { return s.guild.ChangeRegion(s.bot) }, anew: true},
		{name: "it changes before the socket ends", does: func() bool {
			return s.guild.ChangeRegion(s.bot, emulator.MoveOptions{Close: 4022, When: emulator.AfterEvents})
		}},
		{name: "the voice server goes away and another comes", does: func() bool {
			ok := s.guild.LoseVoiceServer(s.bot)
			<-time.After(500 * time.Millisecond)
			return ok && s.guild.RestoreVoiceServer(s.bot)
		}, ends: player.Reconnected{}},
		{name: "somebody drags the bot away", does: func() bool { return s.guild.MoveBot(s.bot, yard) }, ends: player.Moved{}, to: yard},
		{name: "and back", does: func() bool {
			return s.guild.MoveBot(s.bot, s.voice, emulator.MoveOptions{When: emulator.BetweenEvents})
		}, ends: player.Moved{}, to: s.voice},
		{name: "the main gateway forgets us", does: func() bool { return s.bot.Invalidate(false) }, ends: player.Reconnected{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := s.app.Players().Do(s.ctx, s.guild.ID, player.Seek{}); err != nil { // lest the song ends
				t.Fatal(err)
			}
			hears(t, s.ctx, s.ears)
			drain(events)
			before := r.status()
			s.until(t, "something to break", tt.does) // the shard may just be reconnecting
			if tt.ends != nil {
				awaitEvent(t, events, tt.ends)
			}
			if tt.anew {
				s.until(t, "voice to be connected anew", func() bool {
					return r.status().Voice.LastReconnect.After(before.Voice.LastReconnect)
				})
			}
			if tt.to != nil {
				s.ears.Close()
				s.ears = s.join(tt.to)
			}
			hears(t, s.ctx, s.ears)
			now := r.status()
			if now.ItemID != before.ItemID || now.Position <= before.Position || now.State != player.StatePlaying || len(now.Queue) != 1 {
				t.Errorf("%v item %d at %v with %d to come, was %v item %d at %v",
					now.State, now.ItemID, now.Position, len(now.Queue), before.State, before.ItemID, before.Position)
			}
			if !now.Voice.Connected || !now.Voice.Encrypted || now.Voice.Members != 2 || now.Voice.Epoch == 0 {
				t.Errorf("voice %+v", now.Voice)
			}
			t.Logf("position %v, voice %+v", now.Position, now.Voice)
		})
	}
	report := s.ears.Report()
	if report.Plain != 0 || report.Undecryptable != 0 {
		t.Errorf("heard:\n%s", report)
	}
	s.guild.DisconnectBot(s.bot)
	left := awaitEvent(t, events, player.Left{})
	if now := r.status(); now.State != player.StateIdle || now.Channel != 0 {
		t.Errorf("after a kick: %+v", now)
	}
	if why, _ := fault.Message(left.(player.Left).Err); !strings.Contains(why, "I was disconnected") {
		t.Errorf("of a kick people read %q", why)
	}
}

func drain(events <-chan player.Envelope) {
	for {
		select {
		case <-events:
		default:
			return
		}
	}
}

// awaitEvent waits for an event of the same kind and returns it; the player must not
// leave meanwhile.
func awaitEvent(t *testing.T, events <-chan player.Envelope, want player.Event) player.Event {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case e := <-events:
			if reflect.TypeOf(e.Event) == reflect.TypeOf(want) {
				return e.Event
			}
			if _, left := e.Event.(player.Left); left {
				t.Fatalf("left: %+v", e.Event)
			}
		case <-late.C:
			t.Fatalf("no %T came", want)
		}
	}
}

// /privacy shows what the members of the call can compare.
func TestPrivacyIsShown(t *testing.T) {
	s := newStage(t, nil)
	ask := func() string {
		t.Helper()
		m := s.command(t, "privacy", nil)
		if !m.Ephemeral() {
			t.Error("everybody sees the answer")
		}
		return m.Content
	}
	if got := ask(); !strings.Contains(got, "not in a voice channel") {
		t.Errorf("outside: %q", got)
	}
	s.play(t, song)
	hears(t, s.ctx, s.ears)
	call, pair := regexp.MustCompile("`(\\d{5}( \\d{5}){5})`"), regexp.MustCompile("`(\\d{5}( \\d{5}){8})`")
	first := ask()
	code, encrypted := s.app.PrivacyCode(s.guild.ID)
	if m := call.FindStringSubmatch(first); m == nil || m[1] != code || !encrypted {
		t.Errorf("code %q, %v, and the answer\n%s", code, encrypted, first)
	}
	if len(pair.FindAllString(first, -1)) != 1 || !strings.Contains(first, "<@"+s.you.ID.String()+">") {
		t.Errorf("of one listener:\n%s", first)
	}
	guest := s.guild.AddUser("guest")
	if _, err := guest.JoinVoice(s.voice, listen.Options{CountOnly: true}); err != nil {
		t.Fatal(err)
	}
	s.until(t, "the new member's keys", func() bool {
		return s.members() == 3
	})
	second := ask()
	if call.FindString(second) == call.FindString(first) || len(pair.FindAllString(second, -1)) != 2 {
		t.Errorf("after a join:\n%s", second)
	}
	if !strings.Contains(second, pair.FindString(first)) {
		t.Errorf("the first listener's code has changed:\n%s\n%s", first, second)
	}
}

// A stage is not encrypted end to end, and /privacy says so.
func TestAStageIsPlain(t *testing.T) {
	s := newStage(t, nil)
	there := s.guild.AddVoiceChannel("Stage", emulator.ChannelOptions{Stage: true})
	s.voice, s.ears = there, s.join(there)
	s.waitFor(t, "join", "I am in")
	s.guild.InviteToSpeak(s.bot)
	s.play(t, song)
	hears(t, s.ctx, s.ears)
	if m := s.command(t, "privacy", nil); !strings.Contains(m.Content, "does not encrypt stages") {
		t.Errorf("said %q", m.Content)
	}
	if v := (&spot{stage: s}).status().Voice; v.Encrypted || !v.Connected {
		t.Errorf("voice %+v", v)
	}
}

func (s *stage) members() int {
	status, _ := s.app.Players().Status(s.guild.ID)
	return status.Voice.Members
}

func (s *stage) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(patience)
	for !holds() {
		select {
		case <-time.After(audio.FrameTime):
		case <-late:
			t.Fatalf("%s did not come", what)
		}
	}
}
