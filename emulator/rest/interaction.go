package rest

import "busker/emulator/discord"

func (c *call) callback() (any, error) {
	id, err := c.id("interaction")
	if err != nil {
		return nil, err
	}
	var body struct {
		Type discord.CallbackType `json:"type"`
		Data discord.CallbackData `json:"data"`
	}
	files, err := c.read(&body)
	if err != nil {
		return nil, err
	}
	body.Data.Files = files
	m, err := c.world.Respond(id, c.r.PathValue("token"), body.Type, body.Data)
	if err != nil || c.r.URL.Query().Get("with_response") != "true" {
		return nil, err
	}
	i, _ := c.world.Interaction(id)
	return response(i, body.Type, m), nil
}

// response is the answer to a callback that asked for one with with_response.
func response(i discord.Interaction, kind discord.CallbackType, m *discord.Message) any {
	in := map[string]any{"id": i.ID, "type": i.Type}
	resource := map[string]any{"type": kind}
	if m != nil {
		in["response_message_id"] = m.ID
		in["response_message_loading"] = m.Loading()
		in["response_message_ephemeral"] = m.Ephemeral()
		resource["message"], _ = shown(*m, nil)
	}
	return map[string]any{"interaction": in, "resource": resource}
}

func (c *call) followUp() (any, error) {
	app, err := c.id("application")
	if err != nil {
		return nil, err
	}
	body, err := c.message()
	if err != nil {
		return nil, err
	}
	return shown(c.world.FollowUp(app, c.r.PathValue("token"), body))
}

// reply reads the application and the message of a webhook route; message 0 is
// @original.
func (c *call) reply() (app, message discord.ID, err error) {
	app, err = c.id("application")
	if err != nil || c.r.PathValue("message") == "@original" {
		return app, 0, err
	}
	message, err = c.id("message")
	return app, message, err
}

func (c *call) getReply() (any, error) {
	app, id, err := c.reply()
	if err != nil {
		return nil, err
	}
	return shown(c.world.Reply(app, c.r.PathValue("token"), id))
}

func (c *call) editReply() (any, error) {
	app, id, err := c.reply()
	if err != nil {
		return nil, err
	}
	body, err := c.message()
	if err != nil {
		return nil, err
	}
	return shown(c.world.EditReply(app, c.r.PathValue("token"), id, body))
}

func (c *call) deleteReply() (any, error) {
	app, id, err := c.reply()
	if err != nil {
		return nil, err
	}
	return nil, c.world.DeleteReply(app, c.r.PathValue("token"), id)
}
