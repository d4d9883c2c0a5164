package studio_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/studio"
	"busker/track"
)

// airing has every origin of a rig begin where the station is on the air and end so many
// frames later with err. Origins of a file begin at 0.
func airing(r *rig, frames int64, end func(open int) error, file, packets bool) {
	r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
		from, open := r.shelf.reader(ctx, t, at), r.shelf.opened()
		if !file {
			from.frame = int64(open-1) * 10_000
		}
		last := from.frame + frames
		from.read = func() error {
			if from.frame >= last {
				return end(open)
			}
			return nil
		}
		if packets {
			return packetReader{from}
		}
		return from
	}
}

var errOff = fault.New(fault.Unavailable, "The connection to the server broke.")

// TestALiveStreamThatEndsIsOpenedAgain keeps the share: the encoder hears no more than a
// jump, and who listens filtered is in the press he was in.
func TestALiveStreamThatEndsIsOpenedAgain(t *testing.T) {
	for _, tt := range []struct {
		name    string
		err     error
		how     studio.How
		packets bool
		begins  int64 // frame of the second origin that is heard first
	}{
		{"cleanly", io.EOF, plain, false, 10_025},
		{"with an error", errOff, plain, false, 10_000},
		{"filtered", io.EOF, filtered(0.5), false, -1},
		{"packets, cleanly", io.EOF, plain, true, 10_025},
		{"packets, with an error", errOff, plain, true, 10_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				airing(r, 1000, func(int) error { return tt.err }, false, tt.packets)
				p := r.openAs(station, 0, tt.how)
				defer p.Close()
				var frames []int64
				if tt.packets {
					frames = r.take(p, 1200)
				} else {
					frames = r.hear(p, 1200).origin
				}
				if tt.begins >= 0 {
					r.follows(frames[:1000], 0, 1000)
					r.follows(frames[1000:], tt.begins, 200)
				}
				if r.shelf.opened() != 2 || r.shelf.closed() != 1 || r.value("streams_reopened_total") != 1 || r.value("streams") != 1 {
					t.Errorf("opened %d, closed %d, reopened %v, %v streams", r.shelf.opened(), r.shelf.closed(),
						r.value("streams_reopened_total"), r.value("streams"))
				}
			})
		})
	}
}

// TestAFileOfUnknownLengthEnds although it looks like a live stream.
func TestAFileOfUnknownLengthEnds(t *testing.T) {
	for _, n := range []int64{10, 25, 1000} {
		for _, packets := range []bool{false, true} {
			run(t, nil, func(r *rig) {
				airing(r, n, func(int) error { return io.EOF }, true, packets)
				p := r.openAs(station, 0, plain)
				defer p.Close()
				frames, err := listen(p, 3000)
				if !errors.Is(err, io.EOF) {
					t.Errorf("ended with %v", err)
				}
				r.follows(frames, 0, int(n))
				if r.shelf.opened() != 2 || r.shelf.left() != 0 {
					t.Errorf("opened %d, %d left", r.shelf.opened(), r.shelf.left())
				}
			})
		}
	}
}

// TestAStationThatHasSignedOff is given up after a while, and said to be gone.
func TestAStationThatHasSignedOff(t *testing.T) {
	for _, tt := range []struct {
		name   string
		end    func(open int) error
		fail   error // of opening anew
		frames int64 // that each origin has
		kind   fault.Kind
		opens  int
	}{
		{"it ends again and again", func(int) error { return io.EOF }, nil, 100, fault.Unavailable, 7},
		{"it does not open", func(int) error { return errOff }, fault.New(fault.NotFound, "no such station"), 100, fault.NotFound, 7},
		{"it may not be heard", func(int) error { return fault.New(fault.Denied, "not here") }, nil, 100, fault.Denied, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				r.shelf.fail = func(track.Track) error {
					if r.shelf.opened() == 1 {
						return nil
					}
					return tt.fail
				}
				airing(r, tt.frames, tt.end, false, false)
				p := r.openAs(station, 0, plain)
				defer p.Close()
				began := time.Now()
				_, err := listen(p, 3000)
				if fault.KindOf(err) != tt.kind || errors.Is(err, io.EOF) {
					t.Errorf("ended with %v", err)
				}
				if took := time.Since(began); took > 40*time.Second {
					t.Errorf("took %v", took)
				}
				if n := r.shelf.opened(); n != tt.opens {
					t.Errorf("opened %d times", n)
				}
			})
		})
	}
}

// TestAStationThatEndsNowAndThen goes on for ever.
func TestAStationThatEndsNowAndThen(t *testing.T) {
	run(t, nil, func(r *rig) {
		airing(r, 31*second, func(int) error { return errOff }, false, false)
		p := r.openAs(station, 0, plain)
		defer p.Close()
		r.hear(p, int(31*second)*8)
		if n := r.shelf.opened(); n < 8 {
			t.Errorf("opened %d times", n)
		}
	})
}

// TestNobodyWaitsForAStation ends the tries with the last listener.
func TestNobodyWaitsForAStation(t *testing.T) {
	run(t, nil, func(r *rig) {
		airing(r, 100, func(int) error { return errOff }, false, false)
		p := r.openAs(station, 0, plain)
		r.hear(p, 100)
		r.shelf.fail = func(track.Track) error { return errOff }
		pass(time.Second)
		p.Close()
		pass(3 * time.Second)
		if r.value("streams") != 0 || r.shelf.opened() > 5 {
			t.Errorf("%v streams, opened %d times", r.value("streams"), r.shelf.opened())
		}
	})
}

// TestAnOriginThatBecomesAnother had packets and gives blocks when it is opened again.
func TestAnOriginThatBecomesAnother(t *testing.T) {
	run(t, nil, func(r *rig) {
		airing(r, 100, func(int) error { return errOff }, false, true)
		packets := r.shelf.open
		r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
			if r.shelf.opened() > 1 {
				return r.shelf.reader(ctx, t, at)
			}
			return packets(ctx, t, at)
		}
		p := r.openAs(station, 0, plain)
		defer p.Close()
		if got, err := listen(p, 1000); err == nil || len(got) != 100 {
			t.Errorf("%d packets, then %v", len(got), err)
		}
	})
}
