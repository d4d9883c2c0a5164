package world

import (
	"fmt"

	"busker/emulator/discord"
)

// SetLocale chooses a person's language; interactions of theirs carry it.
func (w *World) SetLocale(user ID, locale string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.users[user]; !ok {
		return discord.ErrUnknownUser
	}
	if !discord.KnownLocale(locale) {
		return fmt.Errorf("%q is no locale of Discord", locale)
	}
	w.locales[user] = locale
	return nil
}

// Locale is a person's language, en-US unless they chose another.
func (w *World) Locale(user ID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.locale(user)
}

func (w *World) locale(user ID) string {
	if l := w.locales[user]; l != "" {
		return l
	}
	return discord.DefaultLocale
}

// ChangeGuild lets change set the guild's name or preferred locale.
func (w *World) ChangeGuild(guild ID, change func(*discord.Guild)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil {
		return discord.ErrUnknownGuild
	}
	change(&g.Guild)
	g.ID = guild
	w.emit(GuildChanged{Guild: g.Guild})
	return nil
}
