package emulator_test

import (
	"slices"
	"testing"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/world"
	"busker/internal/fault"
)

// interaction returns what the bot is told of something a person did.
func (s *stage) interaction(t *testing.T, act func() (*emulator.Interaction, error)) discord.Interaction {
	t.Helper()
	watch := s.World().Watch(func(c world.Change) bool { _, ok := c.(world.InteractionMade); return ok })
	defer watch.Close()
	_, err := act()
	need(t, err)
	c, err := watch.Next(s.ctx)
	need(t, err)
	return c.(world.InteractionMade).Interaction
}

func TestCommandsAreOfferedInOnesLanguage(t *testing.T) {
	s := newStage(t)
	s.register(t, discord.Command{
		Name: "play", Description: "Play a song",
		NameLocalizations: map[string]string{"de": "spielen"}, DescriptionLocalizations: map[string]string{"de": "Spielt ein Lied"},
		Options: []discord.CommandOption{{
			Type: discord.StringOption, Name: "mode", Description: "d", NameLocalizations: map[string]string{"de": "art"},
			Choices: []discord.Choice{{Name: "Loud", Value: "loud", NameLocalizations: map[string]string{"de": "Laut"}}},
		}},
	})
	need(t, s.ann.SetLocale("de"))
	need(t, s.guild.SetLocale("ja"))
	if err := s.ann.SetLocale("tlh"); err == nil {
		t.Error("ann speaks a language Discord does not know")
	}
	shown := s.ann.Commands(s.text)[0].In("de")
	if shown.Name != "spielen" || shown.Description != "Spielt ein Lied" || shown.Options[0].Name != "art" || shown.Options[0].Choices[0].Name != "Laut" {
		t.Errorf("ann sees %+v", shown)
	}
	i := s.interaction(t, func() (*emulator.Interaction, error) {
		return s.ann.Command(s.ctx, s.text, "spielen", emulator.Args{"art": "laut"})
	})
	data := i.Data.(discord.CommandData)
	if i.Locale != "de" || i.GuildLocale != "ja" || data.Name != "play" || data.Options[0].Name != "mode" || data.Options[0].Value != "loud" {
		t.Errorf("the bot is told %s, %s, %+v", i.Locale, i.GuildLocale, data)
	}
	if _, err := s.guild.AddUser("bob").Command(s.ctx, s.text, "spielen", nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("bob, who reads English, used the German name: %v", err)
	}
}

func TestContextMenus(t *testing.T) {
	s := newStage(t)
	admin := discord.ManageGuild
	s.register(t,
		discord.Command{Type: discord.MessageCommand, Name: "Add to queue", NameLocalizations: map[string]string{"fr": "Ajouter"}},
		discord.Command{Type: discord.UserCommand, Name: "Block", DefaultMemberPermissions: &admin},
	)
	m, err := s.ann.Say(s.text, "https://example.org/song.ogg")
	need(t, err)
	i := s.interaction(t, func() (*emulator.Interaction, error) { return s.ann.MessageCommand(s.ctx, m, "Add to queue") })
	data := i.Data.(discord.CommandData)
	if data.Type != discord.MessageCommand || data.TargetID != m.ID || data.Resolved.Messages[m.ID].Content != m.Content {
		t.Errorf("message command %+v", data)
	}
	bob := s.guild.AddUser("bob")
	if _, err := s.ann.UserCommand(s.ctx, s.text, bob.ID, "Block"); fault.KindOf(err) != fault.Denied || len(s.ann.Menu(s.text, discord.UserCommand)) != 0 {
		t.Errorf("ann may block: %v", err)
	}
	need(t, s.ann.Moderate())
	i = s.interaction(t, func() (*emulator.Interaction, error) { return s.ann.UserCommand(s.ctx, s.text, bob.ID, "Block") })
	data = i.Data.(discord.CommandData)
	if data.TargetID != bob.ID || data.Resolved.Users[bob.ID].Username != "bob" || !i.Member.Permissions.Has(discord.ManageGuild) {
		t.Errorf("user command %+v by %+v", data, i.Member)
	}
	if _, ok := data.Resolved.Members[bob.ID]; !ok {
		t.Error("bob's membership is not resolved")
	}
	need(t, s.ann.SetLocale("fr"))
	if _, err := s.ann.MessageCommand(s.ctx, m, "Ajouter"); err != nil {
		t.Errorf("by its French name: %v", err)
	}
	need(t, s.ann.DeleteMessage(m))
	if _, err := s.ann.MessageCommand(s.ctx, m, "Add to queue"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("on a message that is gone: %v", err)
	}
}

func TestRolesComeWithInteractions(t *testing.T) {
	s := newStage(t)
	s.register(t, discord.Command{Name: "play", Description: "d"})
	dj := s.guild.AddRole("DJ", discord.MuteMembers)
	need(t, s.ann.Give(dj))
	play := func() (*emulator.Interaction, error) { return s.ann.Command(s.ctx, s.text, "play", nil) }
	i := s.interaction(t, play)
	if !slices.Contains(i.Member.Roles, dj.ID) || !i.Member.Permissions.Has(discord.MuteMembers) {
		t.Errorf("with the role: %+v", i.Member)
	}
	need(t, dj.Allow(0))
	if i = s.interaction(t, play); i.Member.Permissions.Has(discord.MuteMembers) {
		t.Error("the role's permissions did not change")
	}
	need(t, s.ann.Take(dj))
	if i = s.interaction(t, play); slices.Contains(i.Member.Roles, dj.ID) {
		t.Error("the role was not taken")
	}
	need(t, s.ann.Give(dj))
	need(t, dj.Delete())
	if i = s.interaction(t, play); slices.Contains(i.Member.Roles, dj.ID) || s.ann.Give(dj) == nil {
		t.Error("the role is still there")
	}
}

func TestChatterBuriesAndModeratorsDelete(t *testing.T) {
	s := newStage(t)
	m, err := s.ann.Say(s.text, "the card")
	need(t, err)
	need(t, s.text.Chatter(20))
	if all := s.text.Messages(); len(all) != 21 || all[0].ID != m.ID {
		t.Errorf("%d messages", len(all))
	}
	bob := s.guild.AddUser("bob")
	if err := bob.DeleteMessage(m); err == nil {
		t.Error("bob deleted ann's message")
	}
	need(t, bob.Moderate())
	need(t, bob.DeleteMessage(m))
	if all := s.text.Messages(); len(all) != 20 {
		t.Errorf("%d messages", len(all))
	}
}
