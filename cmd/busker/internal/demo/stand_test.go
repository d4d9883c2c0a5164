package demo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"busker/cmd/busker/internal/demo"
	"busker/emulator/discord"
	"busker/emulator/world"
)

// stand is a street on which the test plays the bot: it answers by name or custom
// id with what is written there, and remembers what it was told.
type stand struct {
	*demo.Stand
	t       *testing.T
	answers map[string]string // "TYPE DATA": type and data of the callback

	mu   sync.Mutex
	told map[string]string // the interaction's JSON
}

// openStand serves a street with the commands until the test ends.
func openStand(t *testing.T, commands string, answers map[string]string) *stand {
	t.Helper()
	d, err := demo.NewStand(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{Stand: d, t: t, answers: answers, told: map[string]string{}}
	var list []discord.Command
	if err := json.Unmarshal([]byte(commands), &list); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Emulator.World().SetCommands(d.Bot.ID, 0, list); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	watch := d.Emulator.World().Watch(func(c world.Change) bool { _, ok := c.(world.InteractionMade); return ok })
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			t.Errorf("the street: %v", err)
		}
	})
	running.Go(func() { s.play(ctx, watch) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		watch.Close()
	})
	return s
}

// play answers interactions until ctx ends.
func (s *stand) play(ctx context.Context, watch *world.Watcher) {
	for {
		c, err := watch.Next(ctx)
		if err != nil {
			return
		}
		i := c.(world.InteractionMade).Interaction
		if err := s.reply(i); err != nil {
			s.t.Errorf("answer: %v", err)
		}
	}
}

func (s *stand) reply(i discord.Interaction) error {
	raw, err := json.Marshal(i)
	if err != nil {
		return err
	}
	var in struct {
		Data struct {
			Name     string
			CustomID string `json:"custom_id"`
		}
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	name := in.Data.Name + in.Data.CustomID
	s.mu.Lock()
	s.told[name] = string(raw)
	s.mu.Unlock()
	answer, ok := s.answers[name]
	if !ok {
		return fmt.Errorf("nothing is prepared for %q", name)
	}
	kind, body, _ := strings.Cut(answer, " ")
	var number int
	_, err = fmt.Sscan(kind, &number)
	var data discord.CallbackData
	if body != "" {
		err = errors.Join(err, json.Unmarshal([]byte(body), &data))
	}
	if err != nil {
		return err
	}
	data.Files = []discord.UploadedFile{{Name: "list.m3u", Data: []byte("#EXTM3U")}}
	if discord.CallbackType(number) != discord.CallbackMessage {
		data.Files = nil
	}
	_, err = s.Emulator.World().Respond(i.ID, i.Token, discord.CallbackType(number), data)
	return err
}

// heard returns what the bot was told under a name.
func (s *stand) heard(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.told[name]
}

// knows fails unless the bot was told all of it.
func (s *stand) knows(name string, parts ...string) {
	s.t.Helper()
	told := s.heard(name)
	for _, part := range parts {
		if !strings.Contains(told, part) {
			s.t.Errorf("%s: the bot was not told %s but\n%s", name, part, told)
		}
	}
}
