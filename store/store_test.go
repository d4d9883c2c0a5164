package store_test

import (
	"flag"
	"os"
	"testing"

	"busker/playlists"
	"busker/playlists/playliststest"
	"busker/session"
	"busker/session/sessiontest"
	"busker/store"
	"busker/store/storetest"
)

// TestMain has models checked 30 times, in both engines and under the race detector;
// -rapid.checks asks for more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
	os.Exit(storetest.Main(m))
}

func TestSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		sessiontest.Run(t, func(t *testing.T) session.Store {
			return storetest.Open(t, engine, store.Options{}).Sessions()
		})
	})
}

func TestPlaylists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		playliststest.Run(t, func(t *testing.T, l playlists.Limits) playlists.Store {
			return storetest.Open(t, engine, store.Options{Limits: l}).Playlists()
		})
	})
}
