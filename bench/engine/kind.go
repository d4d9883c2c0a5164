package engine

import (
	"time"

	"busker/dsp"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// Kind is a kind of work that a stream makes.
type Kind struct {
	Name  string // one word
	About string // for people
	live  bool   // all guilds listen to one station
	pcm   bool   // what is read is PCM, else Opus
	play  func(track.Track) []player.Command
}

// Kinds returns all kinds, the cheapest work first.
func Kinds() []Kind {
	equalizer := dsp.Settings{}
	for i := range equalizer.Equalizer {
		equalizer.Equalizer[i] = 0.25 - 0.03*float64(i)
	}
	nightcore, _ := dsp.Mix(dsp.Part{Preset: "nightcore", Strength: 1})
	return []Kind{
		{Name: "radio", About: "one radio station for all, encoded once", live: true, pcm: true, play: start()},
		{Name: "passthrough", About: "Opus, sent as it is", play: start()},
		{Name: "encode", About: "other formats, encoded", pcm: true, play: start()},
		{Name: "transcode", About: "Opus at another volume: decoded and encoded", play: start(player.Volume{Percent: 90})},
		{Name: "equalizer", About: "Opus through a 15-band equalizer", play: start(player.Filters{Settings: equalizer})},
		{Name: "nightcore", About: "Opus through nightcore", play: start(player.Filters{Settings: nightcore})},
	}
}

// Find returns the kind of that name.
func Find(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// start is how every guild begins: the settings first, so that the track is opened
// for them, and the track again and again.
func start(settings ...player.Command) func(track.Track) []player.Command {
	return func(t track.Track) []player.Command {
		commands := append([]player.Command{player.Join{Channel: channel}, player.Loop{Mode: queue.Track}}, settings...)
		return append(commands, player.Play{Tracks: []track.Track{t}, Channel: channel})
	}
}

// length is how long a track is before it begins anew.
const length = 2 * time.Minute
