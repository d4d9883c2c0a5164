package emulator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"busker/emulator/discord"
	"busker/emulator/world"
)

// Submit fills in the modal an interaction opened and sends it. Values are by
// custom id: a string for a text input or radio group; a bool for a checkbox; for
// a menu or checkbox group a string, a []string, or what Args takes for users,
// roles and channels; for a file upload an Upload or []Upload. What is left out
// keeps the modal's defaults. It is refused where Discord's client would not send.
func (u *User) Submit(_ context.Context, m Modal, values Args) (*Interaction, error) {
	s := submission{filler: u.filler(m.app, m.channel), left: maps.Clone(values)}
	var fields []discord.ModalField
	for _, c := range m.Components {
		field, err := s.field(c)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
	}
	for id := range s.left {
		return nil, invalid("The form has no field " + id + ".")
	}
	return u.do(world.Act{
		User: u.ID, Channel: m.channel, Application: m.app, Type: discord.ModalInteraction, On: m.on,
		Data: discord.ModalData{CustomID: m.CustomID, Components: fields, Resolved: s.resolved()},
	})
}

// submission is a modal being filled in.
type submission struct {
	*filler
	left Args // values no component has taken yet
}

// field is a component with its value, or with its children's.
func (s *submission) field(c discord.Component) (discord.ModalField, error) {
	field := discord.ModalField{Type: c.Type, ID: c.ID, CustomID: c.CustomID}
	for _, in := range c.Components {
		child, err := s.field(in)
		if err != nil {
			return field, err
		}
		field.Components = append(field.Components, child)
	}
	if c.Component != nil {
		child, err := s.field(*c.Component)
		if err != nil {
			return field, err
		}
		field.Component = &child
	}
	if c.CustomID == "" {
		return field, nil
	}
	given, ok := s.left[c.CustomID]
	delete(s.left, c.CustomID)
	if !ok {
		given = initial(c)
	}
	return field, s.fillIn(&field, c, given)
}

// initial is what a component holds when the modal opens.
func initial(c discord.Component) any {
	switch c.Type {
	case discord.TextInput:
		return c.Value
	case discord.Checkbox:
		return c.Default
	}
	chosen := []string{}
	for _, o := range c.Options {
		if o.Default {
			chosen = append(chosen, o.Value)
		}
	}
	for _, v := range c.DefaultValues {
		chosen = append(chosen, v.ID.String())
	}
	return chosen
}

func (s *submission) fillIn(field *discord.ModalField, c discord.Component, given any) (err error) {
	switch c.Type {
	case discord.TextInput:
		field.Value, err = typed(c, given)
	case discord.Checkbox:
		checked, ok := given.(bool)
		if !ok {
			return invalid(fmt.Sprintf("%s does not take %v.", c.CustomID, given))
		}
		field.Value = checked
	case discord.RadioGroup:
		field.Value, err = s.radio(c, given)
	case discord.FileUpload:
		field.Values, err = s.files(c, given)
	default:
		field.Values, err = s.several(c, given)
	}
	return err
}

func typed(c discord.Component, given any) (string, error) {
	text, ok := given.(string)
	if !ok {
		return "", invalid(fmt.Sprintf("%s does not take %v.", c.CustomID, given))
	}
	const limit = 4000 // of Discord's text inputs
	switch n := utf8.RuneCountInString(text); {
	case n == 0 && c.Needed(), c.MinLength != nil && n > 0 && n < *c.MinLength:
		return "", invalid(c.CustomID + " is too short.")
	case c.MaxLength != nil && n > *c.MaxLength, n > limit:
		return "", invalid(c.CustomID + " is too long.")
	}
	return text, nil
}

// radio returns the chosen value, or a nil *string, which is null.
func (s *submission) radio(c discord.Component, given any) (any, error) {
	values, err := list(c, given)
	switch {
	case err != nil:
		return nil, err
	case len(values) == 0 && !c.Needed():
		return (*string)(nil), nil
	case len(values) != 1:
		return nil, invalid(c.CustomID + " takes one choice.")
	case !s.offers(c, values[0]):
		return nil, invalid(c.CustomID + " does not offer " + values[0] + ".")
	}
	return values[0], nil
}

// several returns what was chosen from a menu or checkbox group.
func (s *submission) several(c discord.Component, given any) ([]string, error) {
	values, err := list(c, given)
	if err != nil {
		return nil, err
	}
	if err := countValues(c, len(values)); err != nil {
		return nil, err
	}
	for i, v := range values {
		if !s.offers(c, v) {
			return nil, invalid(c.CustomID + " does not offer " + v + ".")
		}
		if slices.Contains(values[:i], v) {
			return nil, invalid(c.CustomID + " takes " + v + " once.")
		}
	}
	return values, nil
}

// countValues: a component that may stay empty takes nothing or at least its minimum.
func countValues(c discord.Component, n int) error {
	least, most := c.Bounds()
	if n == 0 && !c.Needed() {
		return nil
	}
	if n < least || n > most {
		return invalid(fmt.Sprintf("%s takes %d to %d choices.", c.CustomID, least, most))
	}
	return nil
}

// files stores the uploads and returns their ids.
func (s *submission) files(c discord.Component, given any) ([]string, error) {
	var uploads []Upload
	switch v := given.(type) {
	case Upload:
		uploads = []Upload{v}
	case []Upload:
		uploads = v
	case []string: // nothing given
	default:
		return nil, invalid(fmt.Sprintf("%s does not take %v.", c.CustomID, given))
	}
	if err := countValues(c, len(uploads)); err != nil {
		return nil, err
	}
	ids := []string{}
	for _, up := range uploads {
		if !up.fits(c.FileTypes) {
			return nil, invalid(c.CustomID + " takes no " + up.Name + ", only " + strings.Join(c.FileTypes, ", ") + ".")
		}
		id, err := s.store(up)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id.String())
	}
	return ids, nil
}

// list reads one or several chosen values.
func list(c discord.Component, given any) ([]string, error) {
	switch v := given.(type) {
	case []string:
		return append([]string{}, v...), nil
	case string:
		if v == "" {
			return []string{}, nil
		}
		return []string{v}, nil
	}
	if id := idOf(given); id != 0 {
		return []string{id.String()}, nil
	}
	return nil, invalid(fmt.Sprintf("%s does not take %v.", c.CustomID, given))
}
