package webm

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"busker/audio"
)

// cue says in which cluster something at ticks begins.
type cue struct {
	ticks    int64
	position int64 // of the cluster, from the segment's content on
}

var errNotSeekable = fmt.Errorf("input is not seekable: %w", errors.ErrUnsupported)

// Seek goes on with the packet in which the time at since the beginning is heard,
// preceded by those the decoder needs to converge. Behind the end, ReadPacket
// returns io.EOF. It needs a seekable input; one without cues is read through
// from its beginning. When it fails the Reader stays where it is, unless the
// input itself failed.
func (r *Reader) Seek(at time.Duration) error {
	rs, ok := r.src.src.(io.ReadSeeker)
	if !ok {
		return fmt.Errorf("seek to %v: %w", at, errNotSeekable)
	}
	if pos, ok := r.seeks[idCues]; ok && len(r.cues) == 0 {
		// Without cues there is still the long way.
		_ = r.aside(pos, idCues)
	}
	target := max(0, audio.DurationSamples(at))
	goal := target - audio.DurationSamples(r.track.SeekPreRoll)
	if err := r.src.seek(rs, r.clusterBefore(goal)); err != nil {
		r.err = err
		return fmt.Errorf("seek to %v: %w", at, err)
	}
	r.queue, r.known, r.padding = nil, false, 0
	r.skipTo, r.dropTo = target, goal
	r.reset, r.err = true, nil
	return nil
}

// clusterBefore returns the offset of the last cluster the cues know to begin
// before the position goal.
func (r *Reader) clusterBefore(goal int64) int64 {
	goal += audio.DurationSamples(r.track.CodecDelay)
	i := sort.Search(len(r.cues), func(i int) bool { return ticksToSamples(r.cues[i].ticks, r.scale) > goal })
	if i == 0 {
		return r.cluster
	}
	return max(r.cluster, r.segment+r.cues[i-1].position)
}

// aside reads one header element at an offset where it should be, and comes back.
func (r *Reader) aside(at int64, want uint32) error {
	rs, ok := r.src.src.(io.ReadSeeker)
	if !ok {
		return errNotSeekable
	}
	back := r.src.pos
	err := r.src.seek(rs, at)
	if err == nil {
		err = r.expect(want)
	}
	if e := r.src.seek(rs, back); e != nil {
		r.err = e
		return errors.Join(err, e)
	}
	return err
}

func (r *Reader) expect(want uint32) error {
	id, size, err := r.src.element()
	if err != nil {
		return err
	}
	if id != want || size == unknown {
		return corrupt("element %#x instead of %#x", id, want)
	}
	return r.header(id, size)
}

// parseSeekHead remembers where the elements are that may lie behind the audio.
func (r *Reader) parseSeekHead(b []byte) {
	for id, seek := range children(b) {
		if id != idSeek {
			continue
		}
		target, position := uint64(0), uint64(0)
		for id, v := range children(seek) {
			switch id {
			case idSeekID:
				target = uintOf(v)
			case idSeekPosition:
				position = uintOf(v)
			}
		}
		if (target == idTags || target == idCues) && position < 1<<48 {
			r.seeks[uint32(target)] = r.segment + int64(position)
		}
	}
}

// parseCues returns the cues of a track in order, or those of all tracks if it
// has none: their clusters hold its audio as well.
func parseCues(b []byte, track uint64) []cue {
	var own, all []cue
	for id, point := range children(b) {
		if id != idCuePoint {
			continue
		}
		ticks := uint64(0)
		for id, v := range children(point) {
			switch id {
			case idCueTime:
				ticks = uintOf(v)
			case idCueTrackPositions:
				of, c := parsePositions(v)
				c.ticks = int64(min(ticks, 1<<48))
				all = append(all, c)
				if of == track {
					own = append(own, c)
				}
			}
		}
	}
	if len(own) > 0 {
		all = own
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ticks < all[j].ticks })
	return all
}

func parsePositions(b []byte) (track uint64, c cue) {
	for id, v := range children(b) {
		switch id {
		case idCueTrack:
			track = uintOf(v)
		case idCueClusterPosition:
			c.position = int64(min(uintOf(v), 1<<48))
		}
	}
	return track, c
}
