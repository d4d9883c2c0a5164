package dave

import (
	"context"

	"busker/voice/signal"
)

// message is an answer to the voice gateway.
type message struct {
	op     signal.Op
	text   any
	binary []byte // nil: text
}

// maxUnsent bounds the answers kept for the next socket. A socket that takes no more
// is gone within a few messages.
const maxUnsent = 16

func (m message) write(ctx context.Context, w signal.Writer) error {
	if m.binary != nil {
		return w.WriteBinary(ctx, m.op, m.binary)
	}
	return w.WriteText(ctx, m.op, m.text)
}

func (s *Session) text(ctx context.Context, w signal.Writer, op signal.Op, d any) {
	s.answer(ctx, w, message{op: op, text: d})
}

func (s *Session) binary(ctx context.Context, w signal.Writer, op signal.Op, b []byte) {
	s.answer(ctx, w, message{op: op, binary: b})
}

// answer sends a message, after those that could not be sent. Why it can not is for
// the socket's reader to say: a close code decides what happens next.
func (s *Session) answer(ctx context.Context, w signal.Writer, m message) {
	s.unsent = append(s.unsent, m)
	s.flush(ctx, w)
}

// flush sends what is unsent. A member whose key package or commit never arrived
// would wait for ever.
func (s *Session) flush(ctx context.Context, w signal.Writer) {
	for len(s.unsent) > 0 {
		if err := s.unsent[0].write(ctx, w); err != nil {
			s.log.Debug("answer kept for the next socket", "op", int(s.unsent[0].op), "error", err)
			s.unsent = s.unsent[max(0, len(s.unsent)-maxUnsent):]
			return
		}
		s.unsent = s.unsent[1:]
	}
}
