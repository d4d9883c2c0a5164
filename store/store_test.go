package store_test

import (
	"os"
	"testing"

	"busker/playlists"
	"busker/playlists/playliststest"
	"busker/session"
	"busker/session/sessiontest"
	"busker/store"
	"busker/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

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
