package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// What people can ask for stands in tables, one for each kind of interaction; each
// feature has its rows in its own file.

// commands are all slash commands and entries of messages' menus, in the order Discord
// registers them.
func commands() []*command {
	return slices.Concat(
		playCommands(),
		queueCommands(),
		soundCommands(),
		searchCommands(), playlistCommands(), favouriteCommands(), historyCommands(), menuCommands(),
		settingsCommands(), auditCommands(),
		aboutCommands(), dataCommands(), statsCommands(), helpCommands(),
	)
}

// presses answer buttons and menus, by the action in their custom ids.
func presses() map[string]handler {
	return merged(cardPresses(), panelPresses(), queuePresses(), settingsPresses(), auditPresses(),
		pickerPresses(), playlistPresses(), favouritePresses(), historyPresses(), dataPresses(), helpPresses())
}

// submits answer forms, by the action in their custom ids.
func submits() map[string]handler {
	return merged(pickerSubmits(), playlistSubmits())
}

// handler answers a press or a form.
type handler struct {
	needs needs
	right right
	as    string // the slash command that does the same, whose roles it takes; "" = there is none
	// reads says that it changes nothing before it has answered, so that its own answer may
	// be the first, as a form has to be.
	reads bool
	// run answers the interaction by one of call's answers (update, later, whisper, open),
	// if that takes long after it was acknowledged for it; an error is told to whoever
	// pressed, before or after that.
	run func(ctx context.Context, c *call, id customID) error
}

// merged is one table of several; an action that is in two of them is a programming error.
func merged(tables ...map[string]handler) map[string]handler {
	all := map[string]handler{}
	for _, table := range tables {
		for action := range table {
			if _, twice := all[action]; twice {
				panic(fmt.Sprintf("bot: two handlers of %q", action))
			}
		}
		maps.Copy(all, table)
	}
	return all
}

// byName finds commands by what Discord calls them; two of one name are a programming error.
func byName(all []*command) map[string]*command {
	m := make(map[string]*command, len(all))
	for _, c := range all {
		if m[c.name] != nil {
			panic(fmt.Sprintf("bot: two commands are named %q", c.name))
		}
		m[c.name] = c
	}
	return m
}
