package bot

import (
	"context"

	"busker/player"
	"busker/queue"
)

// maxIndex bounds numbers of tracks; the player knows how many there are.
const maxIndex = 100_000

func playCommands() []*command {
	return []*command{
		{name: "play", about: aboutPlay, topic: topicMusic, needs: needsJoin, right: rightAdd, run: play, options: options(
			text("query", aboutPlayQuery), upload("file", aboutPlayFile),
		)},
		{name: "join", about: aboutJoin, topic: topicMusic, needs: needsJoin, right: rightAdd, run: join},
		{name: "leave", about: aboutLeave, topic: topicMusic, needs: needsControl, right: rightMusic, run: says(textLeft, player.Leave{})},
		{name: "pause", about: aboutPause, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: says(textPaused, player.Pause{})},
		{name: "resume", about: aboutResume, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: says(textResumed, player.Resume{})},
		{name: "skip", about: aboutSkip, topic: topicMusic, needs: needsControl, right: rightMusic, run: skip},
		{name: "stop", about: aboutStop, topic: topicMusic, needs: needsControl, right: rightMusic, run: says(textStopped, player.Stop{})},
		{name: "seek", about: aboutSeek, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: seek, options: options(
			required(text("to", aboutSeekTo)),
		)},
	}
}

func queueCommands() []*command {
	return []*command{
		{name: "queue", about: aboutQueue, topic: topicQueue, private: true, run: showQueue, options: options(
			integer("page", aboutQueuePage, 1, maxIndex),
		)},
		{name: "nowplaying", about: aboutNow, topic: topicQueue, private: true, run: nowPlaying},
		{name: "shuffle", about: aboutShuffle, topic: topicQueue, needs: needsControl, right: rightMusic, run: shuffle},
		{name: "loop", about: aboutLoop, topic: topicQueue, needs: needsControl, right: rightMusic, private: true, run: loop, options: options(
			required(oneOf("mode", aboutLoopMode, queue.Off.String(), queue.Track.String(), queue.All.String())),
		)},
		{name: "remove", about: aboutRemove, topic: topicQueue, needs: needsControl, right: rightMusic, run: remove, options: options(
			required(integer("track", aboutRemoveItem, 1, maxIndex)),
		)},
		{name: "move", about: aboutMove, topic: topicQueue, needs: needsControl, right: rightMusic, run: move, options: options(
			required(integer("track", aboutMoveFrom, 1, maxIndex)),
			required(integer("to", aboutMoveTo, 1, maxIndex)),
		)},
		{name: "clear", about: aboutClear, topic: topicQueue, needs: needsControl, right: rightMusic, run: clearQueue},
	}
}

func soundCommands() []*command {
	return []*command{
		{name: "volume", about: aboutVolume, topic: topicSound, needs: needsControl, right: rightMusic, private: true, run: volume, options: options(
			integer("percent", aboutVolumeTo, 0, player.MaxVolume),
		)},
		{name: "effects", about: aboutEffects, topic: topicSound, needs: needsControl, right: rightMusic, run: effects, suggest: suggestEffects, options: options(
			suggested(text("preset", aboutEffectsPreset)), integer("strength", aboutEffectsStrength, 0, 100),
		)},
		{name: "crossfade", about: aboutCrossfade, topic: topicSound, needs: needsControl, right: rightMusic, private: true, run: crossfade, options: options(
			integer("seconds", aboutCrossfadeTo, 0, player.MaxCrossfade.Seconds()),
		)},
		{name: "loudness", about: aboutLoudness, topic: topicSound, needs: needsControl, right: rightMusic, private: true, run: loudness, options: options(
			oneOf("mode", aboutLoudnessMode, modeOn, modeOff),
		)},
	}
}

func aboutCommands() []*command {
	return []*command{
		{name: "privacy", about: aboutPrivacy, topic: topicAbout, needs: needsListening, private: true, run: privacy},
	}
}

// suggestEffects offers presets.
func suggestEffects(_ context.Context, c *call, _, typed string) []choice {
	return c.mine.effectChoices(c.status, typed)
}
