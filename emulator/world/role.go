package world

import (
	"slices"

	"busker/emulator/discord"
)

// ChangeRole lets change set a role's name, permissions or colour.
func (w *World) ChangeRole(guild, role ID, change func(*discord.Role)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, i, err := w.roleOf(guild, role)
	if err != nil {
		return err
	}
	roles := slices.Clone(g.Roles) // guilds are handed out
	change(&roles[i])
	roles[i].ID = role
	g.Roles = roles
	w.emit(RoleChanged{Guild: guild, Role: roles[i]})
	return nil
}

// DeleteRole removes a role from the guild and from everybody who has it.
func (w *World) DeleteRole(guild, role ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, _, err := w.roleOf(guild, role)
	if err != nil || role == guild {
		return discord.ErrUnknownRole
	}
	w.deleteRole(g, role)
	return nil
}

func (w *World) deleteRole(g *guild, role ID) {
	g.Roles = slices.DeleteFunc(slices.Clone(g.Roles), func(r discord.Role) bool { return r.ID == role })
	w.emit(RoleDeleted{Guild: g.ID, Role: role})
	for _, m := range g.members {
		if slices.Contains(m.Roles, role) {
			m.Roles = slices.DeleteFunc(slices.Clone(m.Roles), func(id ID) bool { return id == role })
			w.emit(MemberChanged{Guild: g.ID, Member: *m})
		}
	}
}

// GiveRole makes a member have the role, or with have false have it no more.
func (w *World) GiveRole(guild, user, role ID, have bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, _, err := w.roleOf(guild, role)
	if err != nil {
		return err
	}
	m := g.members[user]
	if m == nil {
		return discord.ErrUnknownMember
	}
	if slices.Contains(m.Roles, role) == have {
		return nil
	}
	if have {
		m.Roles = append(slices.Clip(m.Roles), role)
	} else {
		m.Roles = slices.DeleteFunc(slices.Clone(m.Roles), func(id ID) bool { return id == role })
	}
	w.refreshVoice(g, m)
	w.emit(MemberChanged{Guild: guild, Member: *m})
	return nil
}

// refreshVoice puts the member as they are now into their voice state, which
// nobody is told of for that alone.
func (w *World) refreshVoice(g *guild, m *discord.Member) {
	if s, ok := g.voice[m.User.ID]; ok {
		s.Member = g.member(m.User.ID)
		g.voice[m.User.ID] = s
	}
}

func (w *World) roleOf(guild, role ID) (*guild, int, error) {
	g := w.guilds[guild]
	if g == nil {
		return nil, 0, discord.ErrUnknownGuild
	}
	i := slices.IndexFunc(g.Roles, func(r discord.Role) bool { return r.ID == role })
	if i < 0 {
		return nil, 0, discord.ErrUnknownRole
	}
	return g, i, nil
}
