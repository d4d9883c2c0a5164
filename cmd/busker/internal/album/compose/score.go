package compose

import (
	"fmt"
	"strconv"
	"strings"
)

// note is one note of a melody: when it starts and how long it lasts, in beats.
type note struct {
	pitch       float64 // MIDI number
	at, lasting float64
}

// melody reads notes such as "A4/1 C#5/.5 -/1.5": name, octave and length in
// beats; "-" rests, "|" only helps the eye. It panics on a misprint, since all
// scores are written in this package.
func melody(score string) []note {
	var notes []note
	at := 0.0
	for _, word := range strings.Fields(strings.ReplaceAll(score, "|", " ")) {
		name, beats, _ := strings.Cut(word, "/")
		lasting, err := strconv.ParseFloat(beats, 64)
		if err != nil {
			panic(fmt.Sprintf("compose: length of %q", word))
		}
		if name != "-" {
			notes = append(notes, note{midi(name), at, lasting})
		}
		at += lasting
	}
	return notes
}

// chords reads one chord a bar: "D3+F3+A3 G2+Bb2+D3".
func chords(score string) [][]float64 {
	words := strings.Fields(strings.ReplaceAll(score, "|", " "))
	bars := make([][]float64, 0, len(words))
	for _, word := range words {
		names := strings.Split(word, "+")
		chord := make([]float64, len(names))
		for i, name := range names {
			chord[i] = midi(name)
		}
		bars = append(bars, chord)
	}
	return bars
}

// midi turns "C#5" into 73.
func midi(name string) float64 {
	steps := strings.IndexByte("C D EF G A B", name[0])
	rest := name[1:]
	for rest != "" && (rest[0] == '#' || rest[0] == 'b') {
		if rest[0] == '#' {
			steps++
		} else {
			steps--
		}
		rest = rest[1:]
	}
	octave, err := strconv.Atoi(rest)
	if steps < -1 || err != nil {
		panic(fmt.Sprintf("compose: note %q", name))
	}
	return float64(12*(octave+1) + steps)
}
