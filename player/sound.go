package player

import (
	"context"
	"slices"
	"time"

	"busker/dsp"
	"busker/internal/fault"
)

// applyToSound carries out what concerns how tracks sound, whether there is one or not.
func (p *player) applyToSound(ctx context.Context, c Command) error {
	switch c := c.(type) {
	case Volume:
		return p.setVolume(ctx, c.Percent)
	case Filters:
		return p.setFilters(ctx, c.Settings, c.Effects)
	case Crossfade:
		return p.setCrossfade(ctx, c.Duration)
	case Normalise:
		p.setNormalise(ctx, c.On)
	}
	return nil
}

func (p *player) setVolume(ctx context.Context, percent int) error {
	if percent < 0 || percent > MaxVolume {
		return fault.Newf(fault.Invalid, "The volume goes from 0 to %d.", MaxVolume)
	}
	if percent == p.volume {
		return nil
	}
	p.volume = percent
	p.pump.setVolume(ctx, float32(percent)/100)
	p.emit(VolumeChanged{percent})
	return nil
}

func (p *player) setFilters(ctx context.Context, to dsp.Settings, effects []dsp.Part) error {
	if err := to.Check(); err != nil {
		return err
	}
	p.effects = slices.Clone(effects)
	if to == p.filters {
		return nil
	}
	p.filters = to
	p.pump.setFilters(ctx, to)
	p.emit(FiltersChanged{to})
	p.reopen(ctx)
	return nil
}

func (p *player) setCrossfade(ctx context.Context, to time.Duration) error {
	if to < 0 || to > MaxCrossfade {
		return fault.Newf(fault.Invalid, "The crossfade goes from 0 to %d seconds.", int(MaxCrossfade/time.Second))
	}
	if to == p.crossfade {
		return nil
	}
	p.crossfade = to
	p.pump.setCrossfade(ctx, to)
	if p.follow != nil {
		p.pump.setFollow(ctx, p.current, p.follow, fadeBetween(p.current.item.Track, p.follow.item.Track, to))
	}
	p.emit(CrossfadeChanged{to})
	return nil
}

func (p *player) setNormalise(ctx context.Context, on bool) {
	if on == p.normalise {
		return
	}
	p.normalise = on
	p.pump.setNormalise(ctx, on)
	p.emit(NormaliseChanged{on})
}

// how says what will be done to a track that is opened now.
func (p *player) how() How {
	h := How{Plain: plain(p.volume, p.filters, p.normalise, p.crossfade), Bitrate: p.bitrate}
	if !h.Plain {
		h.Settings = p.filters
	}
	return h
}

// outdated reports that s was prepared with other filters than those the guild wants now,
// or may be: what is not open yet is only asked for.
func (p *player) outdated(s *segment) bool {
	was, maybe := s.how.Settings, s.item.Track.Live
	if s.frames.Load() > 0 {
		was, maybe = s.prepared, s.shared
	}
	return maybe && !was.Neutral() && was != p.filters
}

// reopen opens a track anew that was prepared with other filters than those the guild
// wants now: they can not be taken out of its sound.
func (p *player) reopen(ctx context.Context) {
	p.lookAhead(ctx)
	c := p.current
	if c == nil || !p.outdated(c) {
		return
	}
	at := c.at
	if !c.item.Track.Live {
		at = p.pump.position(c)
	}
	p.beginAt(ctx, c.item, at)
}
