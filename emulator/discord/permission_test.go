package discord_test

import (
	"encoding/json"
	"testing"

	"busker/emulator/discord"
)

func TestChannelPermissions(t *testing.T) {
	const (
		guild, owner, role, boss, user discord.ID = 1, 2, 3, 4, 5
		view                                      = discord.ViewChannel
		send                                      = discord.SendMessages
		connect, speak                            = discord.Connect, discord.Speak
	)
	g := discord.Guild{ID: guild, OwnerID: owner, Roles: []discord.Role{
		{ID: guild, Permissions: view | send},
		{ID: role, Permissions: connect | speak},
		{ID: boss, Permissions: discord.Administrator},
	}}
	for _, tt := range []struct {
		name       string
		roles      []discord.ID
		user       discord.ID
		kind       discord.ChannelType
		overwrites []discord.Overwrite
		want       discord.Permissions
	}{
		{"everyone", nil, user, 0, nil, view | send},
		{"role adds", []discord.ID{role}, user, 2, nil, view | send | connect | speak},
		{"owner", nil, owner, 0, []discord.Overwrite{{ID: guild, Deny: view}}, discord.AllPermissions},
		{"administrator", []discord.ID{boss}, user, 0, []discord.Overwrite{{ID: guild, Deny: view}}, discord.AllPermissions},
		{"everyone denied", nil, user, 0, []discord.Overwrite{{ID: guild, Deny: send}}, view},
		{"role allowed over everyone", []discord.ID{role}, user, 0, []discord.Overwrite{{ID: role, Allow: send}, {ID: guild, Deny: send}}, view | send | connect | speak},
		{"member over role", []discord.ID{role}, user, 0, []discord.Overwrite{{ID: user, Type: 1, Deny: send}, {ID: role, Allow: send}}, view | connect | speak},
		{"another's overwrite", nil, user, 0, []discord.Overwrite{{ID: 9, Type: 1, Deny: send}, {ID: role, Deny: send}}, view | send},
		{"invisible has nothing", []discord.ID{role}, user, 2, []discord.Overwrite{{ID: guild, Deny: view}}, 0},
		{"no connect, no speak", []discord.ID{role}, user, 2, []discord.Overwrite{{ID: guild, Allow: speak}, {ID: role, Deny: connect}}, view | send},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := discord.Member{User: &discord.User{ID: tt.user}, Roles: tt.roles}
			got := discord.ChannelPermissions(g, discord.Channel{Type: tt.kind, PermissionOverwrites: tt.overwrites}, m)
			if got != tt.want {
				t.Errorf("got %b, want %b", got, tt.want)
			}
		})
	}
}

func TestPermissionsJSON(t *testing.T) {
	var p discord.Permissions
	for _, text := range []string{`"2048"`, `2048`} {
		if err := json.Unmarshal([]byte(text), &p); err != nil || p != discord.SendMessages {
			t.Errorf("%s: %v, %v", text, p, err)
		}
	}
	if out, err := json.Marshal(p); err != nil || string(out) != `"2048"` {
		t.Errorf("%s, %v", out, err)
	}
	for _, bad := range []string{`"x"`, `-1`, `true`, `1.5`} {
		if err := json.Unmarshal([]byte(bad), &p); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
