// Package demo is Busker Street: the product in an imaginary Discord, with a page
// to sit in and a way to listen from the terminal.
//
// It runs the emulator and the very app that `busker run` runs, pointed at it, and
// plays the visitor: what they type goes in as interactions, what they hear comes
// from a listener who decrypts the voice channel's packets.
package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/listen"
)

// street is the imaginary server with the visitor in it. Its methods may be called
// from any goroutine.
type street struct {
	emulator *emulator.Emulator
	bot      *emulator.Bot
	guild    *emulator.Guild
	text     *emulator.Channel
	voice    []*emulator.Channel
	you      *emulator.User

	mu   sync.Mutex
	here *emulator.Channel // the voice channel the visitor is in, nil for none
}

// botName is what the bot is called on the street.
const botName = "Busker"

// newStreet builds the server; its emulator still has to run.
func newStreet() (*street, error) {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		return nil, fmt.Errorf("make the local Discord: %w", err)
	}
	s := &street{emulator: e, bot: e.AddBot(botName)}
	s.guild = e.AddGuild("Busker Street", s.bot)
	s.text = s.guild.AddTextChannel("requests")
	s.voice = []*emulator.Channel{
		s.guild.AddVoiceChannel("The Corner", emulator.ChannelOptions{Bitrate: 96_000}),
		s.guild.AddVoiceChannel("Back Yard", emulator.ChannelOptions{Bitrate: 96_000}),
	}
	s.you = s.guild.AddUser("you")
	return s, nil
}

// discord tells the app where this Discord is.
func (s *street) discord() (app.Discord, error) {
	api, err := url.Parse(s.emulator.URL())
	if err != nil {
		return app.Discord{}, fmt.Errorf("address of the local Discord: %w", err)
	}
	return app.Discord{
		API:     api,
		Voice:   &tls.Config{RootCAs: s.emulator.TLSRoots(), MinVersion: tls.VersionTLS12},
		Uploads: s.emulator.URL() + uploadsPath,
	}, nil
}

// uploadsPath begins the address of every file uploaded to the street.
const uploadsPath = "/attachments/"

// join puts the visitor into a voice channel, by id, and returns their ears.
func (s *street) join(channel string) (*listen.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.voice {
		if c.ID.String() == channel {
			l, err := s.you.JoinVoice(c)
			if err == nil {
				s.here = c
			}
			return l, err
		}
	}
	return nil, fmt.Errorf("there is no such voice channel")
}

// leave takes the visitor out of voice.
func (s *street) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.you.LeaveVoice()
	s.here = nil
}

// members returns who is in a voice channel.
func (s *street) members(c *emulator.Channel) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	members := []string{}
	if s.here == c {
		members = append(members, s.you.ID.String())
	}
	if s.bot.VoiceChannel(s.guild) == c.ID {
		members = append(members, s.bot.ID.String())
	}
	return members
}

// message finds a message the visitor sees.
func (s *street) message(id string) (discord.Message, bool) {
	for _, m := range s.you.Messages(s.text) {
		if m.ID.String() == id {
			return m, true
		}
	}
	return discord.Message{}, false
}

// command types a slash command and waits until the bot has answered it somehow.
func (s *street) command(ctx context.Context, name string, args emulator.Args) (*emulator.Interaction, error) {
	i, err := s.you.Command(ctx, s.text, name, args)
	if err != nil {
		return nil, err
	}
	_, err = i.Acknowledged(ctx)
	return i, err
}

// answer waits for the bot's answer to a command: the reply itself, or the private
// message that came in its place because something was wrong.
func (s *street) answer(ctx context.Context, i *emulator.Interaction) (discord.Message, error) {
	m, err := i.Response(ctx)
	if errors.Is(err, emulator.ErrNoResponse) {
		return i.Followup(ctx, 0)
	}
	return m, err
}
