package rest

import (
	"bytes"
	"net/http"
	"time"

	"busker/emulator/discord"
	"busker/internal/snowflake"
)

// shown is a message as REST carries it: without what only the gateway tells.
func shown(m discord.Message, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	m.GuildID, m.Member = 0, nil
	return m, nil
}

func (c *call) getChannel() (any, error) {
	id, err := c.id("channel")
	if err != nil {
		return nil, err
	}
	return nilOr(c.world.Channel(c.app.User.ID, id))
}

func (c *call) startTyping() (any, error) {
	id, err := c.id("channel")
	if err != nil {
		return nil, err
	}
	_, err = c.world.Channel(c.app.User.ID, id)
	return nil, err
}

func (c *call) getMessages() (any, error) {
	id, err := c.id("channel")
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 50, 1, 100)
	if err != nil {
		return nil, err
	}
	list, err := c.world.History(c.app.User.ID, id, c.queryID("after"), c.queryID("before"), limit)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].GuildID, list[i].Member = 0, nil
	}
	return list, nil
}

func (c *call) createMessage() (any, error) {
	id, err := c.id("channel")
	if err != nil {
		return nil, err
	}
	body, err := c.message()
	if err != nil {
		return nil, err
	}
	return shown(c.world.CreateMessage(c.app.User.ID, id, body))
}

func (c *call) getMessage() (any, error) {
	channel, id, err := c.ids("channel", "message")
	if err != nil {
		return nil, err
	}
	return shown(c.world.Message(c.app.User.ID, channel, id))
}

func (c *call) editMessage() (any, error) {
	channel, id, err := c.ids("channel", "message")
	if err != nil {
		return nil, err
	}
	body, err := c.message()
	if err != nil {
		return nil, err
	}
	return shown(c.world.EditMessage(c.app.User.ID, channel, id, body))
}

func (c *call) deleteMessage() (any, error) {
	channel, id, err := c.ids("channel", "message")
	if err != nil {
		return nil, err
	}
	return nil, c.world.DeleteMessage(c.app.User.ID, channel, id)
}

// serveFile is the content delivery network: GET /attachments/channel/id/name,
// with ranges.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	parts := bytes.Split([]byte(r.URL.Path), []byte("/"))
	if len(parts) != 5 || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	id, err := snowflake.Parse(string(parts[3]))
	f, ok := s.world.File(id)
	if err != nil || !ok || f.Filename != string(parts[4]) {
		http.NotFound(w, r)
		return
	}
	if f.ContentType != "" {
		w.Header().Set("Content-Type", f.ContentType)
	}
	http.ServeContent(w, r, f.Filename, time.Time{}, bytes.NewReader(f.Data))
}
