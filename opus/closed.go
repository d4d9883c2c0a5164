package opus

import "busker/audio"

// closedEncoder is what remains with who closed an encoder that somebody else has now.
type closedEncoder struct{}

func (closedEncoder) Encode([]byte, *audio.Block) (int, error) { return 0, errClosed }
func (closedEncoder) SetBitrate(int) error                     { return errClosed }
func (closedEncoder) SetComplexity(int) error                  { return errClosed }
func (closedEncoder) Lookahead() int                           { return 0 }
func (closedEncoder) Reset() error                             { return errClosed }
func (closedEncoder) Close() error                             { return nil }

// closedDecoder is the same of a decoder.
type closedDecoder struct{}

func (closedDecoder) Decode([]float32, []byte) (int, error) { return 0, errClosed }
func (closedDecoder) Reset() error                          { return errClosed }
func (closedDecoder) Close() error                          { return nil }
