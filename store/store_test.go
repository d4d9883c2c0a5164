package store_test

import (
	"os"
	"testing"

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
