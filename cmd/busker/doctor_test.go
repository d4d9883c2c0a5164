package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"busker/cluster/redistest"
	"busker/emulator"
	"busker/emulator/gateway"
	"busker/emulator/rest"
	"busker/store/storetest"
)

// TestDoctorScripts examines with the local Discord and a real Postgres, whole and with
// each thing broken.
func TestDoctorScripts(t *testing.T) {
	often := rest.Limits{Routes: map[string]rest.Limit{"GET /gateway/bot": {Requests: 1000, Per: time.Second}}}
	healthy := emulator.Start(t, emulator.Options{REST: often})
	bot, privileged := healthy.AddBot("Busker"), healthy.AddPrivilegedBot("Pry")
	healthy.AddGuild("Stage", bot)
	spent := emulator.Start(t, emulator.Options{REST: often, Gateway: gateway.Limits{Starts: 2}})
	tired := spent.AddBot("Tired")

	servers := map[string]string{
		"REDIS":     redistest.Start(t, "--appendonly", "yes").URL(),
		"FORGETFUL": redistest.Start(t, "--appendonly", "no").URL(),
		"EVICTING":  redistest.Start(t, "--appendonly", "yes", "--maxmemory", "1mb", "--maxmemory-policy", "allkeys-lru").URL(),
	}
	locked := redistest.Start(t, "--appendonly", "yes", "--requirepass", "hunter2")
	servers["LOCKED"], servers["KEY"] = locked.URL(), "redis://:hunter2@"+locked.Addr()
	replica := redistest.Start(t, "--appendonly", "yes")
	replica.Do("REPLICAOF", "127.0.0.1", "1") // nobody: it is one all the same
	servers["REPLICA"] = replica.URL()

	database := storetest.Postgres(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/doctor", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for name, value := range servers {
				e.Setenv(name, value)
			}
			for name, value := range map[string]string{
				"API": healthy.URL(), "TOKEN": bot.Token, "PRIVILEGED": privileged.Token,
				"TIRED_API": spent.URL(), "TIRED": tired.Token, "POSTGRES": database,
				"HOME": e.WorkDir, "XDG_CACHE_HOME": e.WorkDir + "/cache", "XDG_DATA_HOME": e.WorkDir + "/data",
				"BIN": filepath.SplitList(e.Getenv("PATH"))[0], // where testscript has put busker
			} {
				e.Setenv(name, value)
			}
			return nil
		},
	})
}
