package sessiontest_test

import (
	"testing"

	"busker/session"
	"busker/session/sessiontest"
)

func TestStore(t *testing.T) {
	sessiontest.Run(t, func(*testing.T) session.Store { return sessiontest.NewStore() })
}
