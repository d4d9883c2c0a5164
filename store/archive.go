package store

import (
	"slices"
	"strings"
)

// An archive is gzip'd lines of JSON:
//
//	{"busker":"store","archive":1,"schema":2,"at":"2026-05-01T12:00:00Z"}
//	{"table":"card","columns":["guild","channel","message","serial"]}
//	[613425648685547541,81384788765712384,1420070400000000001,7]
//	…                                        more rows, more tables
//	{"rows":1,"sha256":"…"}                  of all lines before, with their line ends
//
// Numbers are 64-bit integers. Columns a later version adds are named, so that an older
// archive leaves them at their default.
const archiveVersion = 1

type archiveHead struct {
	Busker  string `json:"busker"` // always "store"
	Archive int    `json:"archive"`
	Schema  int64  `json:"schema"`
	At      string `json:"at"`
}

type archiveTable struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

type archiveEnd struct {
	Rows   *int64 `json:"rows"`
	SHA256 string `json:"sha256"`
}

// table is what an archive holds of a table.
type table struct {
	name    string
	order   string   // of rows, always the same
	numbers []string // columns with 64-bit integers
	texts   []string // columns with text
}

func (t table) columns() []string { return slices.Concat(t.numbers, t.texts) }

// tables are all tables, those that others refer to first.
var tables = []table{
	newTable("guild_settings", "guild", "guild", "settings"),
	newTable("user_settings", "user_id", "user_id", "settings"),
	newTable("session_sound", "guild", "guild", "sound"),
	newTable("session_place", "guild", "guild channel at", "place"),
	newTable("heartbeat", "process", "at", "process"),
	newTable("queue_item", "guild item", "guild item requester", "track"),
	newTable("queue_state", "guild", "guild seq", "state"),
	newTable("queue_change", "guild seq", "guild seq", "change"),
	newTable("card", "guild", "guild channel message serial", ""),
	newTable("departed_guild", "guild", "guild at", ""),
	newTable("favourite", "user_id n track_key", "user_id n at", "track_key track"),
	newTable("playlist", "id", "id owner maker version tracks length updated", "kind name name_key"),
	newTable("playlist_entry", "playlist n", "playlist n at adder", "track"),
	newTable("play", "id", "id guild requester at heard", "track_key track"),
	newTable("audit", "id", "id guild actor at", "face command detail result"),
}

func newTable(name, order, numbers, texts string) table {
	return table{name, strings.Join(strings.Fields(order), ", "), strings.Fields(numbers), strings.Fields(texts)}
}

// tableNamed finds a table by its name.
func tableNamed(name string) (table, bool) {
	i := slices.IndexFunc(tables, func(t table) bool { return t.name == name })
	if i < 0 {
		return table{}, false
	}
	return tables[i], true
}
