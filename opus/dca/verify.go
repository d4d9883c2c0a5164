package dca

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Complete fails with a fault.Corrupt unless the file, size bytes long, is as long as its
// header says. Only files with a header completed by Writer.Header can tell.
func (r *Reader) Complete(size int64) error {
	e := r.meta.Extra
	if e.Bytes == 0 || e.Samples == 0 {
		return corrupt(errors.New("unfinished header"))
	}
	if want := r.header + e.Bytes; size != want {
		return corrupt(fmt.Errorf("%d bytes of %d", size, want))
	}
	return nil
}

// Verify reads all packets and fails with a fault.Corrupt unless they are those the header
// was completed for. The input must seek; ReadPacket goes on with the first packet.
func (r *Reader) Verify() error {
	if r.seeker == nil {
		return errBackward
	}
	if err := r.jump(mark{}); err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, r.buf)
	if err != nil {
		return err
	}
	if e := r.meta.Extra; n != e.Bytes || sum.Sum32() != e.CRC {
		return corrupt(fmt.Errorf("%d bytes of checksum %08x", n, sum.Sum32()))
	}
	return r.jump(mark{})
}
