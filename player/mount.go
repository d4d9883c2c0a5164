package player

import (
	"fmt"

	"busker/internal/fault"
)

// mounted returns the deck s is on, nil when it is on none.
func (p *pump) mounted(s *segment) *deck {
	for i := range p.decks {
		if s != nil && p.decks[i].segment == s {
			return &p.decks[i]
		}
	}
	return nil
}

// mount returns the deck of s, on which it is put if there is anything of it yet.
func (p *pump) mount(s *segment) (*deck, error) {
	if d := p.mounted(s); d != nil {
		return d, nil
	}
	if count, over := s.reel.left(); count == 0 && !over {
		return nil, nil //nolint:nilnil // nothing has come, which is no error
	}
	d := p.freeDeck()
	d.load(s, s.passed)
	if !s.packets {
		return d, nil
	}
	if err := d.prepare(p.newDecoder); err != nil {
		d.eject()
		return nil, fault.Wrap(fault.Internal, "The sound could not be decoded.", fmt.Errorf("make decoder: %w", err))
	}
	if s.passed > 0 {
		return d, nil
	}
	for _, before := range s.before {
		d.hear(before)
	}
	if ok, err := d.next(); !ok {
		return d, err
	}
	d.skip(s.skip)
	return d, nil
}

func (p *pump) freeDeck() *deck {
	for i := range p.decks {
		if s := p.decks[i].segment; s == nil || s != p.current && s != p.follow {
			return &p.decks[i]
		}
	}
	return &p.decks[1]
}
