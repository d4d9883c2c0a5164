package track_test

import (
	"testing"

	"busker/track"
)

func TestAddressTellsNoSecrets(t *testing.T) {
	for uri, want := range map[string]string{
		"songs/50% off?.ogg":                             "songs/50% off?.ogg",
		"https://example.org/a%20b.mp3":                  "https://example.org/a%20b.mp3",
		"https://ann:secret@example.org:8443/a.mp3":      "https://example.org:8443/a.mp3",
		"https://cdn.example.org/1/a.mp3?ex=1&hm=secret": "https://cdn.example.org/1/a.mp3",
		"https://example.org/a.mp3#secret":               "https://example.org/a.mp3",
		"https://exa mple.org/secret":                    "(not a link)",
	} {
		if got := (track.Track{URI: uri}).Address(); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}
