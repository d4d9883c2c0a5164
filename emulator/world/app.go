package world

import (
	"encoding/base64"
	"slices"

	"busker/emulator/discord"
)

// App is an application and its bot user.
type App struct {
	Application discord.Application
	User        discord.User
	Token       string
	// Privileged intents are granted in the developer portal.
	Privileged bool
}

type app struct {
	App
	commands map[ID][]discord.Command // by guild, 0 for global; in the order registered
}

// AddApp makes an application with a bot user and a token that looks like one.
func (w *World) AddApp(name string, privileged bool) App {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.newID() // Discord gives application and bot user the same id
	user := discord.User{ID: id, Username: name, Discriminator: "0001", Bot: true}
	a := &app{commands: map[ID][]discord.Command{}, App: App{
		User:       user,
		Token:      base64.RawURLEncoding.EncodeToString([]byte(id.String())) + "." + secret()[:6] + "." + secret(),
		Privileged: privileged,
		Application: discord.Application{
			ID: id, Name: name, BotPublic: true, Bot: &user, Flags: flags(privileged),
			VerifyKey: "0000000000000000000000000000000000000000000000000000000000000000",
			Owner:     &discord.User{ID: id + 1, Username: "owner", Discriminator: "0"},
		},
	}}
	w.newID() // the owner's
	w.apps[id] = a
	w.tokens[a.Token] = a
	w.users[id] = user
	w.emit(PresenceChanged{User: id})
	return a.App
}

// flags of an application with the limited forms of the privileged intents:
// presence 1<<13, members 1<<15, message content 1<<19.
func flags(privileged bool) int {
	if privileged {
		return 1<<13 | 1<<15 | 1<<19
	}
	return 0
}

// AppByToken returns the application whose bot token this is.
func (w *World) AppByToken(token string) (App, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.tokens[token]
	if !ok {
		return App{}, false
	}
	return a.App, true
}

// App returns the application by its id.
func (w *World) App(id ID) (App, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.apps[id]
	if !ok {
		return App{}, false
	}
	return a.App, true
}

// User returns anybody.
func (w *World) User(id ID) (discord.User, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.users[id]
	return u, ok
}

// SessionStarted and SessionEnded count the bot's gateway sessions that are
// connected and were told READY or RESUMED.
func (w *World) SessionStarted(bot ID) { w.sessions(bot, 1) }

// SessionEnded takes back SessionStarted.
func (w *World) SessionEnded(bot ID) { w.sessions(bot, -1) }

func (w *World) sessions(bot ID, by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.online[bot] += by
	w.arrived[bot] += max(by, 0)
	w.emit(PresenceChanged{User: bot, Sessions: w.online[bot]})
}

// Sessions is how many gateway sessions of the bot are connected and ready.
func (w *World) Sessions(bot ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.online[bot]
}

// Arrivals is how many times a gateway session of the bot became connected and ready.
func (w *World) Arrivals(bot ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.arrived[bot]
}

// Guilds are the ids of the guilds a user is a member of, in the order made.
func (w *World) Guilds(user ID) []ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []ID
	for id, g := range w.guilds {
		if g.members[user] != nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
