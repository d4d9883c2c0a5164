package dave

import (
	"errors"
	"sync"
	"time"

	"busker/internal/snowflake"
)

// Errors of frames that can not be opened.
var (
	// ErrPlaintext: the frame is not encrypted and has to be.
	ErrPlaintext = errors.New("dave: the frame is in the clear")
	// ErrNoReceiver: there is no key of the sender.
	ErrNoReceiver = errors.New("dave: no key of the sender")
	// ErrTag: none of the sender's keys fits, or the frame was tampered with.
	ErrTag = errors.New("dave: the frame is not genuine")
	// ErrReplay: the frame came before, or too late.
	ErrReplay = errors.New("dave: the frame is a replay")
	// ErrGeneration: the sender can not have come to that generation of keys.
	ErrGeneration = errors.New("dave: impossible key generation")
	// ErrVideo: the frame has unencrypted ranges, which Opus never has.
	ErrVideo = errors.New("dave: not a frame of audio")
)

// receivers open the frames of the other members. It may be used concurrently.
type receivers struct {
	mu         sync.Mutex
	of         map[snowflake.ID][]*receiver // oldest epoch first
	plain      bool                         // frames in the clear are taken
	plainUntil time.Time                    // and after that still until then
	scratch    scratch
}

// prepare readies for the frames of a new epoch, whose other members have these base
// secrets. Older epochs are good for a while still, except those of users who left.
func (r *receivers) prepare(secrets map[snowflake.ID][]byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := make(map[snowflake.ID][]*receiver, len(secrets))
	for user, base := range secrets {
		var list []*receiver
		for _, old := range r.of[user] {
			if old.expire(now.Add(grace)); !expired(old.expires, now) {
				list = append(list, old)
			}
		}
		next[user] = append(list, newReceiver(base, now))
	}
	r.of = next
}

// expire ends all epochs after a while, without a successor.
func (r *receivers) expire(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range r.of {
		for _, old := range list {
			old.expire(now.Add(grace))
		}
	}
}

// drop forgets the keys of a user.
func (r *receivers) drop(user snowflake.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, user)
}

// takePlain lets frames in the clear pass from now on.
func (r *receivers) takePlain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plain = true
}

// refusePlain stops frames in the clear, if they passed, after a time.
func (r *receivers) refusePlain(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.plain || at.Before(r.plainUntil) {
		r.plainUntil = at
	}
	r.plain = false
}

// OpenFrame appends the media in a frame received from a user to dst. The errors tell
// apart: ErrPlaintext, ErrNoReceiver, ErrTag, ErrReplay, ErrGeneration and ErrVideo;
// dst is as before then.
func (s *Session) OpenFrame(dst []byte, from snowflake.ID, frame []byte) ([]byte, error) {
	return s.receivers.open(dst, from, frame)
}

func (r *receivers) open(dst []byte, from snowflake.ID, frame []byte) ([]byte, error) {
	if isSilence(frame) {
		return append(dst, frame...), nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	f, sealed := parseFrame(frame)
	switch {
	case !sealed && (r.plain || now.Before(r.plainUntil)):
		return append(dst, frame...), nil
	case !sealed:
		return dst, ErrPlaintext
	case f.ranges:
		return dst, ErrVideo
	}
	plain, err := r.openSealed(from, &f, now)
	return append(dst, plain...), err
}

// openSealed tries the sender's epochs, newest first, and returns the error that
// says most.
func (r *receivers) openSealed(from snowflake.ID, f *sealedFrame, now time.Time) ([]byte, error) {
	err := ErrNoReceiver
	list := r.of[from]
	for i := len(list) - 1; i >= 0; i-- {
		if expired(list[i].expires, now) {
			continue
		}
		plain, trouble := list[i].open(&r.scratch, f, now)
		if trouble == nil || errors.Is(trouble, ErrReplay) {
			return plain, trouble
		}
		if !errors.Is(err, ErrTag) {
			err = trouble
		}
	}
	return nil, err
}
