package redis

import _ "embed"

var (
	//go:embed scripts/bus.lua
	busLua string
	//go:embed scripts/bus_send.lua
	sendLua string
	//go:embed scripts/bus_attach.lua
	attachLua string
	//go:embed scripts/bus_fetch.lua
	fetchLua string
	//go:embed scripts/bus_begin.lua
	beginLua string
	//go:embed scripts/bus_finish.lua
	finishLua string
	//go:embed scripts/bus_detach.lua
	detachLua string
	//go:embed scripts/bus_replay.lua
	replayLua string
	//go:embed scripts/bus_state.lua
	stateLua string
	//go:embed scripts/feed_publish.lua
	publishLua string
	//go:embed scripts/feed_follow.lua
	followLua string
)

// Those that serve what is there run also when the server's memory is full: handling
// messages makes room.
var (
	sendScript    = newScript("bus_send", busLua+sendLua)
	attachScript  = newScript("bus_attach", spare+busLua+attachLua)
	fetchScript   = newScript("bus_fetch", spare+busLua+fetchLua)
	beginScript   = newScript("bus_begin", spare+busLua+beginLua)
	finishScript  = newScript("bus_finish", spare+busLua+finishLua)
	detachScript  = newScript("bus_detach", spare+busLua+detachLua)
	replayScript  = newScript("bus_replay", busLua+replayLua)
	stateScript   = newScript("bus_state", spare+busLua+stateLua)
	publishScript = newScript("feed_publish", publishLua)
	followScript  = newScript("feed_follow", spare+followLua)
)
