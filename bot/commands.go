package bot

import "busker/player"

// maxIndex bounds numbers of tracks; the player knows how many there are.
const maxIndex = 100_000

// maxSkip bounds how many tracks are skipped at once.
const maxSkip = 1000

// maxSleep is the longest time /sleep takes, in minutes.
const maxSleep = 24 * 60

func playCommands() []*command {
	return []*command{
		{name: "play", about: aboutPlay, topic: topicMusic, needs: needsJoin, right: rightAdd, run: play, suggest: suggestMusic, options: options(
			suggested(text("query", aboutPlayQuery)), upload("file", aboutPlayFile),
			oneOf("when", aboutPlayWhen, whenLast, whenNext, whenNow), integer("position", aboutPlayPosition, 1, maxIndex),
		)},
		{name: "join", about: aboutJoin, topic: topicMusic, needs: needsJoin, right: rightAdd, run: join},
		{name: "leave", about: aboutLeave, topic: topicMusic, needs: needsControl, right: rightMusic, run: says(textLeft, player.Leave{})},
		{name: "pause", about: aboutPause, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: says(textPaused, player.Pause{})},
		{name: "resume", about: aboutResume, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: says(textResumed, player.Resume{})},
		{name: "skip", about: aboutSkip, topic: topicMusic, needs: needsControl, right: rightAdd, run: skip, options: options(
			integer("count", aboutSkipCount, 1, maxSkip),
		)},
		{name: "previous", about: aboutPrevious, topic: topicMusic, needs: needsControl, right: rightMusic, run: previous},
		{name: "stop", about: aboutStop, topic: topicMusic, needs: needsControl, right: rightMusic, run: says(textStopped, player.Stop{})},
		{name: "seek", about: aboutSeek, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: seek, options: options(
			required(text("to", aboutSeekTo)),
		)},
		{name: "forward", about: aboutForward, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: steps(false), options: options(
			text("by", aboutStep),
		)},
		{name: "rewind", about: aboutRewind, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: steps(true), options: options(
			text("by", aboutStep),
		)},
		{name: "replay", about: aboutReplay, topic: topicMusic, needs: needsControl, right: rightMusic, private: true, run: replay},
		{name: "sleep", about: aboutSleep, topic: topicMusic, needs: needsControl, right: rightMusic, run: sleep, options: options(
			integer("minutes", aboutSleepMinutes, 0, maxSleep), oneOf("after", aboutSleepAfter, sleepTrack),
		)},
		{name: "stay", about: aboutStay, topic: topicMusic, right: rightMusic, run: stay, options: options(
			oneOf("mode", aboutStayMode, modeOn, modeOff),
		)},
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
