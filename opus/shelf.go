package opus

import (
	"errors"
	"sync"
)

// shelfRoom is how many encoders and as many decoders an idle Shelf keeps: libopus takes
// 52 and 27 KiB for one.
const shelfRoom = 64

// Shelf keeps encoders and decoders that were closed for those who next ask for one of
// the same kind: guilds begin and end to play all the time. The zero value is useful. Its
// methods may be called from any goroutine.
type Shelf struct {
	// Room is how many encoders, and how many decoders, are kept; 0 = 64, negative = none.
	Room int

	mu       sync.Mutex
	closed   bool
	encoders []shelvedEncoder // the one used last at the end: the caches may know it
	decoders []shelvedDecoder
}

type shelvedEncoder struct {
	backend string
	Encoder
}

type shelvedDecoder struct {
	options DecoderOptions
	Decoder
}

// Encoder is NewEncoder, whose Close puts the encoder back on the shelf. It gives Prompt
// encoders only.
func (s *Shelf) Encoder(opts EncoderOptions) (Encoder, error) {
	opts.Backend, opts.Delayed = orDefaultBackend(opts.Backend), false
	e, ok := s.takeEncoder(opts.Backend)
	if !ok {
		fresh, err := NewEncoder(opts)
		if err != nil {
			return nil, err
		}
		return &lentEncoder{shelvedEncoder{opts.Backend, fresh}, s}, nil
	}
	if err := configure(e, opts); err != nil {
		_ = e.Close()
		return nil, err
	}
	return &lentEncoder{e, s}, nil
}

// Decoder is NewDecoder, whose Close puts the decoder back on the shelf.
func (s *Shelf) Decoder(opts DecoderOptions) (Decoder, error) {
	opts.Backend = orDefaultBackend(opts.Backend)
	if d, ok := s.takeDecoder(opts); ok {
		return &lentDecoder{d, s}, nil
	}
	d, err := NewDecoder(opts)
	if err != nil {
		return nil, err
	}
	return &lentDecoder{shelvedDecoder{opts, d}, s}, nil
}

// Close empties the shelf for good: what is closed afterwards is freed at once.
func (s *Shelf) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var err error
	for _, e := range s.encoders {
		err = errors.Join(err, e.Close())
	}
	for _, d := range s.decoders {
		err = errors.Join(err, d.Close())
	}
	s.encoders, s.decoders = nil, nil
	return err
}

func (s *Shelf) takeEncoder(backend string) (shelvedEncoder, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return take(&s.encoders, func(e shelvedEncoder) bool { return e.backend == backend })
}

func (s *Shelf) takeDecoder(opts DecoderOptions) (shelvedDecoder, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return take(&s.decoders, func(d shelvedDecoder) bool { return d.options == opts })
}

// take removes the last item that fits.
func take[T any](items *[]T, fits func(T) bool) (item T, ok bool) {
	for i := len(*items) - 1; i >= 0; i-- {
		if item := (*items)[i]; fits(item) {
			last := len(*items) - 1
			(*items)[i] = (*items)[last]
			clear((*items)[last:])
			*items = (*items)[:last]
			return item, true
		}
	}
	return item, false
}

func (s *Shelf) keepEncoder(e shelvedEncoder) error {
	if err := e.Reset(); err != nil {
		return errors.Join(err, e.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.encoders) >= s.room() {
		return e.Close()
	}
	s.encoders = append(s.encoders, e)
	return nil
}

func (s *Shelf) keepDecoder(d shelvedDecoder) error {
	if err := d.Reset(); err != nil {
		return errors.Join(err, d.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.decoders) >= s.room() {
		return d.Close()
	}
	s.decoders = append(s.decoders, d)
	return nil
}

func (s *Shelf) room() int {
	if s.Room == 0 {
		return shelfRoom
	}
	return s.Room
}

func orDefaultBackend(name string) string {
	if name == "" {
		return DefaultBackend()
	}
	return name
}

// lentEncoder is an encoder somebody has from the shelf.
type lentEncoder struct {
	shelvedEncoder
	shelf *Shelf // nil = closed
}

func (e *lentEncoder) Close() error {
	if e.shelf == nil {
		return nil
	}
	back, shelf := e.shelvedEncoder, e.shelf
	e.shelvedEncoder, e.shelf = shelvedEncoder{Encoder: closedEncoder{}}, nil
	return shelf.keepEncoder(back)
}

// lentDecoder is a decoder somebody has from the shelf.
type lentDecoder struct {
	shelvedDecoder
	shelf *Shelf // nil = closed
}

func (d *lentDecoder) Close() error {
	if d.shelf == nil {
		return nil
	}
	back, shelf := d.shelvedDecoder, d.shelf
	d.shelvedDecoder, d.shelf = shelvedDecoder{Decoder: closedDecoder{}}, nil
	return shelf.keepDecoder(back)
}
