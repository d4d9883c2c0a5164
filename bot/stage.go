package bot

import (
	"context"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/gateway"
	"busker/internal/snowflake"
	"busker/settings"
)

// onStage is what a steward has done about speaking in the channel the bot is in.
type onStage struct {
	channel snowflake.ID
	spoke   bool // the bot was a speaker: whoever sent it to the audience decides
	asked   bool // to speak
	told    bool // people were told that it waits
	tries   int  // that failed
}

// maxSpeakTries is how often Discord is asked in vain to let the bot speak on a stage.
const maxSpeakTries = 3

// speakUp makes the bot a speaker of the stage it is on, where it may; else it asks to
// speak, once, and people are told what it waits for.
func (s *steward) speakUp(ctx context.Context, chosen settings.Guild, room gateway.Channel) {
	if s.stage.channel != room.ID {
		s.stage = onStage{channel: room.ID}
	}
	switch {
	case !room.Stage:
	case !room.Silenced:
		s.stage.spoke = true
	case s.stage.spoke:
	case room.MayUnmute:
		s.changeVoice(ctx, room, "suppress", false)
	case room.MayAsk:
		if !room.Asked && !s.stage.asked {
			s.stage.asked = s.changeVoice(ctx, room, "request_to_speak_timestamp", time.Now().UTC().Format(time.RFC3339))
		}
		s.explain(ctx, chosen, room, textAsked)
	default:
		s.explain(ctx, chosen, room, textInvite)
	}
}

// changeVoice changes the bot's own voice state.
func (s *steward) changeVoice(ctx context.Context, room gateway.Channel, field string, value any) bool {
	if s.stage.tries >= maxSpeakTries {
		return false
	}
	err := s.send(ctx, "PATCH", discordgo.EndpointGuild(s.guild.String())+"/voice-states/@me", map[string]any{
		"channel_id": room.ID.String(), field: value,
	})
	if err != nil {
		s.stage.tries++
		s.log.Info("the bot could not become a speaker", "channel", room.ID, "err", err)
	}
	return err == nil
}

// explain says once in the text channel why nothing is heard.
func (s *steward) explain(ctx context.Context, chosen settings.Guild, room gateway.Channel, text string) {
	place := s.b.placeFor(s.guild, chosen)
	if s.stage.told || place == 0 {
		return
	}
	s.stage.told = true
	if err := s.say(ctx, place.String(), s.b.ofGuild(s.guild, chosen).Say(text, room.ID), 0); err != nil {
		s.log.Info("message could not be posted", "channel", place, "err", err)
	}
}
