package voice_test

import (
	"bytes"
	"errors"

	"busker/audio"
)

func packetOf(s string) *audio.Packet {
	p := audio.NewPacket()
	p.Set([]byte(s))
	return p
}

// shouting is a FrameSealer that shouts, and has no key for "secret".
type shouting struct{}

func (shouting) SealFrame(dst, opus []byte) ([]byte, error) {
	if string(opus) == "secret" {
		return nil, errors.New("no key")
	}
	return append(dst, bytes.ToUpper(opus)...), nil
}
