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
	"time"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
)

// street is the imaginary server with its people. Its methods may be called from
// any goroutine.
type street struct {
	emulator *emulator.Emulator
	bot      *emulator.Bot
	guild    *emulator.Guild
	text     *emulator.Channel
	voice    []*emulator.Channel
	roles    []*emulator.Role
	people   []*visitor // whom one can be, the usual one first
}

// botName is what the bot is called on the street.
const botName = "Busker"

// invitation is what the bot asks for when it is invited; /help names the same.
const invitation = discord.SetVoiceChannelStatus | discord.RequestToSpeak | discord.ManageMessages

// founded dates the street: its ids are the same in every run, so that a store can
// be used again.
var founded = time.Date(2024, 5, 4, 18, 0, 0, 0, time.UTC)

// newStreet builds the server; its emulator still has to run.
func newStreet(o emulator.Options) (*street, error) {
	e, err := emulator.New(o)
	if err != nil {
		return nil, fmt.Errorf("make the local Discord: %w", err)
	}
	e.World().Found(founded)
	defer e.World().Found(time.Time{})
	s := &street{emulator: e, bot: e.AddBot(botName)}
	s.guild = e.AddGuild("Busker Street")
	s.guild.Invite(s.bot, invitation)
	s.text = s.guild.AddTextChannel("requests")
	s.voice = []*emulator.Channel{
		s.guild.AddVoiceChannel("The Corner", emulator.ChannelOptions{Bitrate: 96_000}),
		s.guild.AddVoiceChannel("Back Yard", emulator.ChannelOptions{Bitrate: 64_000, UserLimit: 3}),
		s.guild.AddVoiceChannel("Open Stage", emulator.ChannelOptions{Bitrate: 96_000, Stage: true}),
	}
	return s, s.settle()
}

// settle lets the people move in: a listener, a DJ and an admin, who read
// different languages.
func (s *street) settle() error {
	dj := s.guild.AddRole("DJ", 0)
	admin := s.guild.AddRole("Admin", discord.Administrator)
	s.roles = []*emulator.Role{dj, admin}
	for _, p := range []struct {
		name, part, locale string
		role               *emulator.Role
	}{
		{"you", "listener", "en-US", nil},
		{"Mara", "DJ", "de", dj},
		{"Inês", "admin", "pt-BR", admin},
	} {
		u := s.guild.AddUser(p.name)
		v := &visitor{User: u, part: p.part}
		s.people = append(s.people, v)
		if err := u.SetLocale(p.locale); err != nil {
			return fmt.Errorf("language of %s: %w", p.name, err)
		}
		if p.role == nil {
			continue
		}
		if err := u.Give(p.role); err != nil {
			return err
		}
	}
	return nil
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

// visitor is somebody one can be on the street.
type visitor struct {
	*emulator.User
	part string // "listener", "DJ" or "admin"
	ears *ears  // set before the street is opened
}

// visitor finds somebody by id; "" is the usual one.
func (s *street) visitor(id string) (*visitor, error) {
	for _, v := range s.people {
		if id == "" || v.ID.String() == id {
			return v, nil
		}
	}
	return nil, errors.New("there is nobody with that id on the street")
}

// channel finds a voice channel by id.
func (s *street) channel(id string) (*emulator.Channel, error) {
	for _, c := range s.voice {
		if c.ID.String() == id {
			return c, nil
		}
	}
	return nil, errors.New("there is no such voice channel")
}

// message finds a message the visitor sees.
func (s *street) message(v *visitor, id string) (discord.Message, error) {
	for _, m := range v.Messages(s.text) {
		if m.ID.String() == id {
			return m, nil
		}
	}
	return discord.Message{}, errors.New("that message is gone")
}

// command types a slash command and waits until the bot has answered it somehow.
func (s *street) command(ctx context.Context, name string, args emulator.Args) (*emulator.Interaction, error) {
	i, err := s.people[0].Command(ctx, s.text, name, args)
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
