package bot

import (
	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
	"busker/settings"
	"busker/words"
)

// tongue is a language the bot speaks. Its methods are what the bot says of tracks,
// queues and the rest.
type tongue struct{ *words.Words }

// english is what is spoken where nothing is known.
func english() tongue { return tongue{words.For("en-US")} }

// ofPerson is the language of answers only for whoever asked: the one they chose, or
// that of their Discord.
func ofPerson(chosen settings.User, locale discordgo.Locale) tongue {
	if chosen.Language != "" {
		return tongue{words.For(chosen.Language)}
	}
	return tongue{words.For(string(locale))}
}

// ofGuild is the language of what everybody in a server reads: the one it chose, or the
// one Discord gives it.
func (b *Bot) ofGuild(guild snowflake.ID, chosen settings.Guild) tongue {
	if chosen.Language != "" {
		return tongue{words.For(chosen.Language)}
	}
	return tongue{words.For(b.opts.Voice.Locale(guild))}
}
