package bot

import (
	"context"

	"github.com/bwmarrin/discordgo"

	"busker/player"
	"busker/queue"
)

// command is one slash command. What changes the queue or where the bot is,
// everybody may read; what the card shows anyway is answered privately.
type command struct {
	name, about string
	options     []*discordgo.ApplicationCommandOption
	needs       needs
	private     bool // the answer is only for whoever asked
	run         func(ctx context.Context, c *call) (reply, error)
	suggest     func(s player.Status, typed string) []*discordgo.ApplicationCommandOptionChoice // while an option is typed; nil = nothing
}

// commands are all slash commands, in the order Discord registers them.
var commands = []*command{
	{name: "play", about: aboutPlay, needs: needsJoin, run: play, options: options(
		text("query", aboutPlayQuery),
		&discordgo.ApplicationCommandOption{
			Type: discordgo.ApplicationCommandOptionAttachment, Name: "file", Description: aboutPlayFile,
		},
	)},
	{name: "join", about: aboutJoin, needs: needsJoin, run: join},
	{name: "leave", about: aboutLeave, needs: needsControl, run: says(textLeft, player.Leave{})},
	{name: "pause", about: aboutPause, needs: needsControl, private: true, run: says(textPaused, player.Pause{})},
	{name: "resume", about: aboutResume, needs: needsControl, private: true, run: says(textResumed, player.Resume{})},
	{name: "skip", about: aboutSkip, needs: needsControl, run: skip},
	{name: "stop", about: aboutStop, needs: needsControl, run: says(textStopped, player.Stop{})},
	{name: "seek", about: aboutSeek, needs: needsControl, private: true, run: seek, options: options(
		required(text("to", aboutSeekTo)),
	)},
	{name: "volume", about: aboutVolume, needs: needsControl, private: true, run: volume, options: options(
		integer("percent", aboutVolumeTo, 0, player.MaxVolume),
	)},
	{name: "effects", about: aboutEffects, needs: needsControl, run: effects, suggest: suggestEffects, options: options(
		suggested(text("preset", aboutEffectsPreset)), integer("strength", aboutEffectsStrength, 0, 100),
	)},
	{name: "crossfade", about: aboutCrossfade, needs: needsControl, private: true, run: crossfade, options: options(
		integer("seconds", aboutCrossfadeTo, 0, player.MaxCrossfade.Seconds()),
	)},
	{name: "loudness", about: aboutLoudness, needs: needsControl, private: true, run: loudness, options: options(
		choice("mode", aboutLoudnessMode, modeOn, modeOff),
	)},
	{name: "queue", about: aboutQueue, private: true, run: showQueue, options: options(
		integer("page", aboutQueuePage, 1, maxIndex),
	)},
	{name: "nowplaying", about: aboutNow, private: true, run: nowPlaying},
	{name: "shuffle", about: aboutShuffle, needs: needsControl, run: shuffle},
	{name: "loop", about: aboutLoop, needs: needsControl, private: true, run: loop, options: options(
		required(choice("mode", aboutLoopMode, queue.Off.String(), queue.Track.String(), queue.All.String())),
	)},
	{name: "remove", about: aboutRemove, needs: needsControl, run: remove, options: options(
		required(integer("track", aboutRemoveItem, 1, maxIndex)),
	)},
	{name: "move", about: aboutMove, needs: needsControl, run: move, options: options(
		required(integer("track", aboutMoveFrom, 1, maxIndex)),
		required(integer("to", aboutMoveTo, 1, maxIndex)),
	)},
	{name: "clear", about: aboutClear, needs: needsControl, run: clearQueue},
	{name: "privacy", about: aboutPrivacy, needs: needsListening, private: true, run: privacy},
}

// maxIndex bounds numbers of tracks; the player knows how many there are.
const maxIndex = 100_000

var commandsByName = func() map[string]*command {
	m := make(map[string]*command, len(commands))
	for _, c := range commands {
		m[c.name] = c
	}
	return m
}()

func options(o ...*discordgo.ApplicationCommandOption) []*discordgo.ApplicationCommandOption {
	return o
}

func required(o *discordgo.ApplicationCommandOption) *discordgo.ApplicationCommandOption {
	o.Required = true
	return o
}

func text(name, about string) *discordgo.ApplicationCommandOption {
	const longest = 2000 // characters of a link
	return &discordgo.ApplicationCommandOption{
		Type: discordgo.ApplicationCommandOptionString, Name: name, Description: about, MaxLength: longest,
	}
}

// suggested makes Discord ask what to offer while the option is typed.
func suggested(o *discordgo.ApplicationCommandOption) *discordgo.ApplicationCommandOption {
	o.Autocomplete = true
	return o
}

func integer(name, about string, least, most float64) *discordgo.ApplicationCommandOption {
	return &discordgo.ApplicationCommandOption{
		Type: discordgo.ApplicationCommandOptionInteger, Name: name, Description: about, MinValue: &least, MaxValue: most,
	}
}

func choice(name, about string, values ...string) *discordgo.ApplicationCommandOption {
	o := &discordgo.ApplicationCommandOption{
		Type: discordgo.ApplicationCommandOptionString, Name: name, Description: about,
	}
	for _, v := range values {
		o.Choices = append(o.Choices, &discordgo.ApplicationCommandOptionChoice{Name: v, Value: v})
	}
	return o
}
