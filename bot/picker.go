package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/playlists"
)

// What is done in a picker; parts of custom ids and labels of metrics.
const (
	actionPick    = "pick"    // the menu of things
	actionPicked  = "picked"  // a button below it; its argument is what to do
	actionPickTo  = "pick_to" // the menu of playlists to save to
	actionPickNew = "pick_new"

	pickSave   = "save"
	pickBack   = "back"
	pickUnlike = "unlike"

	valueNewList = "new"
	fieldName    = "name"
)

// picker is a message only one person sees, with things to choose from and what can be
// done with those that are chosen. The message itself keeps what it shows: each press
// reads it from there.
type picker struct {
	head   string                       // the text above
	things []discordgo.SelectMenuOption // the value of each is a reference; Default says that it is chosen
	unlike bool                         // what is chosen can be taken out of the favourites
	turn   []discordgo.MessageComponent // buttons that turn pages; nil = there is one page
}

// thing is one option of a picker.
func thing(reference, label, about string) discordgo.SelectMenuOption {
	if strings.TrimSpace(label) == "" { // Discord refuses the whole message
		label = "?"
	}
	return discordgo.SelectMenuOption{Value: reference, Label: cut(label, longestChoice), Description: cut(about, longestChoice)}
}

// reply shows the picker, with buttons for what to do or, to save, a menu of playlists.
func (p picker) reply(w tongue, to []discordgo.SelectMenuOption) reply {
	if len(p.things) == 0 {
		return reply{text: p.head, rows: rowsOf(p.turn)}
	}
	least := 1
	menu := discordgo.SelectMenu{
		CustomID: customID{action: actionPick}.String(), Placeholder: w.Say(placeholderPick),
		MinValues: &least, MaxValues: len(p.things), Options: p.things, Disabled: to != nil,
	}
	rows := rowsOf([]discordgo.MessageComponent{menu})
	if to != nil {
		rows = append(rows, w.saveRows(to)...)
	} else {
		rows = append(rows, rowsOf(p.doing(w))...)
	}
	return reply{text: p.head, rows: append(rows, rowsOf(p.turn)...)}
}

// rowsOf is a row of components, none where there are none.
func rowsOf(parts []discordgo.MessageComponent) []discordgo.MessageComponent {
	if len(parts) == 0 {
		return nil
	}
	return []discordgo.MessageComponent{discordgo.ActionsRow{Components: parts}}
}

func (p picker) doing(w tongue) []discordgo.MessageComponent {
	doing := []discordgo.MessageComponent{
		pressable(actionPicked, whenLast, w.Say(labelAdd), discordgo.PrimaryButton),
		pressable(actionPicked, whenNext, w.Say(labelPlayNext), discordgo.SecondaryButton),
		pressable(actionPicked, whenNow, w.Say(labelPlayNow), discordgo.SecondaryButton),
		pressable(actionPicked, pickSave, w.Say(labelSave), discordgo.SecondaryButton),
	}
	if p.unlike {
		doing = append(doing, pressable(actionPicked, pickUnlike, w.Say(labelRemove), discordgo.DangerButton))
	}
	return doing
}

func pressable(action, argument, label string, style discordgo.ButtonStyle) discordgo.Button {
	return discordgo.Button{Label: label, Style: style, CustomID: customID{action: action, argument: argument}.String()}
}

// saveRows are a menu of playlists and the way back.
func (w tongue) saveRows(to []discordgo.SelectMenuOption) []discordgo.MessageComponent {
	menu := discordgo.SelectMenu{CustomID: customID{action: actionPickTo}.String(), Placeholder: w.Say(placeholderList), Options: to}
	back := pressable(actionPicked, pickBack, w.Say(labelBack), discordgo.SecondaryButton)
	return append(rowsOf([]discordgo.MessageComponent{menu}), rowsOf([]discordgo.MessageComponent{back})...)
}

// pickerPresses are what is done in pickers.
func pickerPresses() map[string]handler {
	return map[string]handler{
		actionPick:   {run: choosePick},
		actionPicked: {run: picked},
		actionPickTo: {as: "playlist", reads: true, run: pickTo},
	}
}

// pickerSubmits are the forms of pickers.
func pickerSubmits() map[string]handler {
	return map[string]handler{actionPickNew: {as: "playlist", run: pickNew}}
}

// shown reads the picker from the message that was pressed.
func (c *call) shown() picker {
	var p picker
	if c.target == nil {
		return p
	}
	p.head = c.target.Content
	for _, row := range c.target.Components {
		r, ok := row.(*discordgo.ActionsRow)
		if !ok || len(r.Components) == 0 {
			continue
		}
		switch part := r.Components[0].(type) {
		case *discordgo.SelectMenu:
			if id, _ := parseCustomID(part.CustomID); id.action == actionPick {
				p.things = part.Options
			}
		case *discordgo.Button:
			p.readButtons(r.Components, part)
		}
	}
	return p
}

func (p *picker) readButtons(row []discordgo.MessageComponent, first *discordgo.Button) {
	if id, _ := parseCustomID(first.CustomID); id.action != actionPicked {
		p.turn = row
		return
	}
	for _, part := range row {
		if b, ok := part.(*discordgo.Button); ok {
			id, _ := parseCustomID(b.CustomID)
			p.unlike = p.unlike || id.argument == pickUnlike
		}
	}
}

// chosen are the references of what is chosen.
func (p picker) chosen() (refs []string) {
	for _, o := range p.things {
		if o.Default {
			refs = append(refs, o.Value)
		}
	}
	return refs
}

func choosePick(ctx context.Context, c *call, _ customID) error {
	p := c.shown()
	for i := range p.things {
		p.things[i].Default = slices.Contains(c.values, p.things[i].Value)
	}
	return c.update(ctx, p.reply(c.w, nil))
}

func picked(ctx context.Context, c *call, id customID) error {
	p := c.shown()
	refs := p.chosen()
	switch id.argument {
	case pickBack:
		return c.update(ctx, p.reply(c.w, nil))
	case pickSave:
		if err := c.allow(rightAny, "playlist"); err != nil {
			return err
		}
		return c.offerLists(ctx, p)
	case pickUnlike:
		if err := c.allow(rightAny, "favourites"); err != nil {
			return err
		}
		return c.unlikeAll(ctx, refs)
	case whenNow, whenNext, whenLast:
	default:
		return fault.New(fault.Invalid, textOldButton)
	}
	a, err := c.mayAdd(id.argument)
	if err != nil {
		return err
	}
	if err := c.later(ctx); err != nil {
		return err
	}
	found, err := c.gathered(ctx, refs)
	if err != nil {
		return err
	}
	long := found.Rest != nil // its progress is told where the picker was
	r, err := c.add(ctx, found, a)
	switch {
	case err != nil:
		return err
	case long:
		c.deliver(ctx, r)
	default:
		c.more(ctx, r)
	}
	return nil
}

// offerLists shows the playlists to which whoever pressed may add.
func (c *call) offerLists(ctx context.Context, p picker) error {
	to, err := c.listsToSave(ctx)
	if err != nil {
		return err
	}
	return c.update(ctx, p.reply(c.w, to))
}

// listsToSave are the playlists to which whoever asked may add, and a new one.
func (c *call) listsToSave(ctx context.Context) ([]discordgo.SelectMenuOption, error) {
	to := []discordgo.SelectMenuOption{thing(valueNewList, c.w.Say(choiceNewList), "")}
	for _, owner := range c.owners() {
		if c.mayChange(owner) != nil {
			continue
		}
		lists, err := c.b.opts.Playlists.Lists(ctx, owner)
		if err != nil {
			return nil, err
		}
		for _, l := range lists {
			to = append(to, thing(reference(l), l.Name, c.w.listAbout(l)))
		}
	}
	return to[:min(len(to), maxChoices)], nil
}

func reference(l playlists.Playlist) string { return refList + strconv.FormatInt(l.ID, 10) }

// listAbout says whose a playlist is and what is in it.
func (w tongue) listAbout(l playlists.Playlist) string {
	if l.Owner.Guild {
		return w.Say(textListOfServer, w.tracks(l.Tracks))
	}
	return w.Say(textListOfMine, w.tracks(l.Tracks))
}

func pickTo(ctx context.Context, c *call, _ customID) error {
	if len(c.values) != 1 {
		return fault.New(fault.Invalid, textOldButton)
	}
	if c.values[0] == valueNewList {
		return c.open(ctx, form{id: customID{action: actionPickNew}, title: c.w.Say(titleNewList), parts: []discordgo.MessageComponent{
			label(c.w.Say(labelName), "", lineInput(fieldName, "", playlists.MaxName)),
		}})
	}
	list, err := c.myList(ctx, c.values[0])
	if err != nil {
		return err
	}
	return c.saveTo(ctx, func(entries []playlists.Entry) (playlists.Playlist, error) {
		return c.b.opts.Playlists.Append(ctx, list.ID, entries...)
	})
}

func pickNew(ctx context.Context, c *call, _ customID) error {
	return c.saveTo(ctx, func(entries []playlists.Entry) (playlists.Playlist, error) {
		return c.b.opts.Playlists.Create(ctx, playlists.Playlist{
			Owner: playlists.User(c.user), Maker: c.user, Name: c.entered(fieldName),
		}, entries...)
	})
}

// saveTo saves what is chosen, and shows the picker as it was.
func (c *call) saveTo(ctx context.Context, save func([]playlists.Entry) (playlists.Playlist, error)) error {
	p := c.shown()
	if err := c.update(ctx, p.reply(c.w, nil)); err != nil {
		return err
	}
	found, err := c.gathered(ctx, p.chosen())
	if err == nil {
		err = whole(ctx, &found)
	}
	if err != nil {
		return err
	}
	list, err := save(c.entries(found.Tracks))
	if err != nil {
		return err
	}
	c.more(ctx, reply{text: c.w.Say(textSaved, c.w.named(found), "**"+escape(list.Name)+"**")})
	return nil
}
