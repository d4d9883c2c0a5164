package bot_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"busker/bot"
	"busker/player"
)

// TestAnotherProcessNumbersCommandsAlike has two processes answer one interaction, of which
// the first has to come to its user's channel, and the second finds the bot there.
func TestAnotherProcessNumbersCommandsAlike(t *testing.T) {
	t.Parallel()
	want := []string{"i:5001:1", "i:5001:2"}
	for _, from := range []player.Status{{Channel: 6}, {Channel: theVoice}, {}} {
		s := newStage(t, func(o *bot.Options) { o.Resolver = halves{asked: &atomic.Int64{}} })
		s.players.s.Channel = from.Channel
		a := s.command("play", "query", "halves")
		if got := s.players.numbered(); !slices.Equal(got, want) {
			told, _ := said(a)
			t.Errorf("from channel %v: the commands %v have the ids %q, want %q (%s)", from.Channel, s.players.commands(), got, want, told)
		}
	}
}

func TestEveryInteractionHasItsOwnIDs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.command("play", "query", "One")
	s.command("play", "query", "Two")
	s.command("pause")
	if got, want := s.players.numbered(), []string{"i:5001:1", "i:5002:1", "i:5003:1"}; !slices.Equal(got, want) {
		t.Errorf("ids %q, want %q", got, want)
	}
}

// numbered returns the ids of the commands so far.
func (p *players) numbered() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ids)
}
