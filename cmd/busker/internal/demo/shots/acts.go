package main

// acts are the scenes, in their order. Messages are found by what they hold, so
// that a changed text leaves the pictures alone.
var acts = []func(*tab) error{arrive, play, street, card, queue, settings, german, phone}

// nowPlaying is the newest message for everybody with artwork and buttons: the card.
const nowPlaying = `[...document.querySelectorAll(".message:not(.private)")].filter((m) => m.querySelector(".card img") && m.querySelector(".press")).at(-1)`

func arrive(t *tab) error {
	if err := t.size(1280, 800, 1); err != nil {
		return err
	}
	// A machine without a mouse shows what others show under the pointer.
	if err := t.script(`document.styleSheets[0].insertRule(".more { visibility: hidden; }")`); err != nil {
		return err
	}
	return t.wait("the page", `document.body.dataset.commands > 10 && document.querySelectorAll(".song img").length === 4`)
}

func play(t *tab) error {
	if err := t.script(`document.querySelector(".song").click()`); err != nil {
		return err
	}
	if err := t.wait("the card", nowPlaying); err != nil {
		return err
	}
	for _, song := range []string{"last tram home", "fog on the harbour", "pocket arcade"} {
		if _, err := t.ask("play", map[string]any{"query": song}); err != nil {
			return err
		}
	}
	sought, err := t.ask("seek", map[string]any{"to": "0:11"})
	if err != nil {
		return err
	}
	if sought {
		if err := t.wait("the card at 0:11", `/0:1\d/.test(`+nowPlaying+`.innerText)`); err != nil {
			return err
		}
	}
	return t.wait("sound", `document.querySelector(".member.speaking") && document.getElementById("listen").classList.contains("sounding") && Number(document.getElementById("stat-packets").textContent) > 150`)
}

// street is the whole page while music plays.
func street(t *tab) error {
	if err := t.script(`document.querySelectorAll(".only button").forEach((b) => b.click()); ` + nowPlaying + `.scrollIntoView({ block: "start" })`); err != nil {
		return err
	}
	return t.page("street")
}

func card(t *tab) error {
	if err := t.size(1280, 900, 1.5); err != nil {
		return err
	}
	return t.element("card", nowPlaying+`.querySelector(".card")`)
}

// reply asks for something and takes the answer as a picture; without the command
// there is none.
func (t *tab) reply(name, command string, args map[string]any) (bool, error) {
	if err := t.script(`busker.mark = document.querySelectorAll(".message").length`); err != nil {
		return false, err
	}
	ok, err := t.ask(command, args)
	if err != nil || !ok {
		return false, err
	}
	if err := t.wait("the answer to /"+command, `document.querySelectorAll(".message").length > busker.mark && !document.querySelector(".thinking")`); err != nil {
		return false, err
	}
	return true, t.element(name, `[...document.querySelectorAll(".message")].at(-1)`)
}

func queue(t *tab) error {
	_, err := t.reply("queue", "queue", nil)
	return err
}

func settings(t *tab) error {
	if err := t.become("Inês", "en-US"); err != nil {
		return err
	}
	_, err := t.reply("settings", "settings", nil)
	return err
}

func german(t *tab) error {
	if err := t.become("Inês", "de"); err != nil {
		return err
	}
	_, err := t.reply("settings-de", "settings", nil)
	return err
}

// become chooses who one is, and the language.
func (t *tab) become(name, locale string) error {
	pick := func(id, option string) string {
		return `(() => { const s = document.getElementById("` + id + `"); s.value = [...s.options].find((o) => ` + option + `).value; s.dispatchEvent(new Event("change")); })()`
	}
	if err := t.script(pick("self", `o.text.startsWith("`+name+`")`)); err != nil {
		return err
	}
	if err := t.wait(name, `document.getElementById("self").selectedOptions[0].text.startsWith("`+name+`") && document.body.dataset.you === document.getElementById("self").value`); err != nil {
		return err
	}
	if err := t.script(pick("language", `o.value === "`+locale+`"`)); err != nil {
		return err
	}
	return t.wait("the language", `document.body.dataset.reads === "`+locale+`"`)
}

// phone is the page on a phone.
func phone(t *tab) error {
	if err := t.become("you", "en-US"); err != nil {
		return err
	}
	if err := t.size(390, 844, 1.5); err != nil {
		return err
	}
	if err := t.script(nowPlaying + `.scrollIntoView({ block: "start" })`); err != nil {
		return err
	}
	return t.page("phone")
}
