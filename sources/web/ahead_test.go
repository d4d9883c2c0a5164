package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"busker/internal/bubble"
)

// tape is an origin of known content that can be slow, stall and fail.
type tape struct {
	content []byte
	pos     int64
	every   time.Duration // for each read
	fails   error         // at the end, instead of io.EOF
	stall   int64         // where nothing comes any more, 0 nowhere
	read    *int64        // bytes, all tapes of one content together
	once    sync.Once
	gone    chan struct{}
}

func newTape(content []byte) *tape {
	return &tape{content: content, read: new(int64), gone: make(chan struct{})}
}

func (t *tape) Read(p []byte) (int, error) {
	if t.every > 0 {
		select {
		case <-time.After(t.every):
		case <-t.gone:
		}
	}
	if t.stall > 0 && t.pos >= t.stall {
		<-t.gone
	}
	select {
	case <-t.gone:
		return 0, context.Canceled
	default:
	}
	if t.pos >= int64(len(t.content)) {
		if t.fails != nil {
			return 0, t.fails
		}
		return 0, io.EOF
	}
	n := copy(p, t.content[t.pos:])
	t.pos += int64(n)
	*t.read += int64(n)
	return n, nil
}

func (t *tape) Seek(offset int64, _ int) (int64, error) { t.pos = offset; return offset, nil }

func (t *tape) Close() error { t.once.Do(func() { close(t.gone) }); return nil }

func (t *tape) from(pos int64) origin {
	return &tape{content: t.content, pos: pos, every: t.every, fails: t.fails, stall: t.stall, read: t.read, gone: make(chan struct{})}
}

// noise is content every part of which is another.
func noise(n int) []byte {
	random := rand.New(rand.NewPCG(1, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func begun(o origin, limit int, size int64) *ahead {
	a := newAhead(o, limit, size)
	a.begin()
	return a
}

func TestAheadIsFetchedWhileNobodyReads(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		o := newTape(noise(1 << 20))
		a := newAhead(o, 100<<10, 1<<20)
		defer a.Close()
		p := make([]byte, 1000)
		fetched := func(want, slack int64, when string) {
			t.Helper()
			synctest.Wait()
			if *o.read < want || *o.read > want+slack {
				t.Errorf("%s: %d bytes are fetched, want %d", when, *o.read, want)
			}
		}
		_, _ = io.ReadFull(a, p)
		fetched(1000, 0, "before begin")
		a.begin()
		fetched(1000, 0, "before the first read")
		_, _ = io.ReadFull(a, p)
		fetched(1000+100<<10, 1000, "after it") // which was read before or after the ring was full
		_, _ = io.ReadFull(a, make([]byte, 49<<10))
		fetched(1000+100<<10, 1000, "with half of it left")
		_, _ = io.ReadFull(a, make([]byte, 4<<10))
		fetched(2000+49<<10+100<<10, 4<<10, "with less")
	})
}

func TestAFalteringNetworkIsNotNoticed(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		o := newTape(noise(200 << 10))
		o.stall = 100 << 10
		a := begun(o, 128<<10, 200<<10)
		defer a.Close()
		_, _ = a.Read(make([]byte, 1))
		synctest.Wait() // the network has stalled
		if n, err := io.ReadFull(a, make([]byte, 100<<10-1)); err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

func TestALiveStreamIsNotHeldBack(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		o := newTape(noise(100 << 10))
		o.every = 100 * time.Millisecond
		a := begun(o, 128<<10, -1)
		defer a.Close()
		at := time.Now()
		n, err := a.Read(make([]byte, 32<<10))
		if err != nil || n == 0 || time.Since(at) != o.every {
			t.Errorf("%d bytes after %v, %v", n, time.Since(at), err)
		}
	})
}

func TestErrorsComeBehindTheLastByte(t *testing.T) {
	content := noise(30 << 10)
	for _, fails := range []error{nil, errors.New("lost")} {
		o := newTape(content)
		o.fails = fails
		a := begun(o, 64<<10, -1)
		got, err := io.ReadAll(a)
		if !bytes.Equal(got, content) || !errors.Is(err, fails) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if _, err := a.Read(make([]byte, 9)); err == nil {
			t.Error("it goes on behind its end")
		}
		_ = a.Close()
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		for _, begin := range []bool{false, true} {
			o := newTape(noise(100))
			o.stall = 50
			a := newAhead(o, 1000, 100)
			if begin {
				a.begin()
			}
			ended := make(chan error)
			go func() {
				_, err := io.ReadAll(a)
				ended <- err
			}()
			synctest.Wait()
			_ = a.Close()
			_ = a.Close()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("begun %v: %v", begin, err)
			}
			if _, err := a.Seek(0, io.SeekStart); err == nil {
				t.Error("a closed one seeks")
			}
		}
	})
}

// TestAheadReadsWhatIsThere reads and seeks at random.
func TestAheadReadsWhatIsThere(t *testing.T) {
	content := noise(700 << 10)
	size := int64(len(content))
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 2))
		a := newAhead(newTape(content), 1+random.IntN(200<<10), size)
		pos := int64(0)
		for step := range 60 {
			if step == 3 {
				a.begin()
			}
			if random.IntN(3) == 0 {
				pos = seekSomewhere(t, a, random, pos, size)
			}
			p := make([]byte, random.IntN(60<<10))
			n, err := io.ReadFull(a, p)
			want := content[pos:min(pos+int64(len(p)), size)]
			if !bytes.Equal(p[:n], want) || err == nil && n < len(p) || err != nil && n == len(p) && n > 0 {
				t.Fatalf("seed %d, step %d: %d bytes at %d, %v", seed, step, n, pos, err)
			}
			pos += int64(n)
		}
		_ = a.Close()
	}
}

func seekSomewhere(t *testing.T, a *ahead, random *rand.Rand, pos, size int64) int64 {
	t.Helper()
	var got int64
	var err error
	var want int64
	switch random.IntN(4) {
	case 0:
		want = min(pos+int64(random.IntN(100<<10)), size)
		got, err = a.Seek(want-pos, io.SeekCurrent)
	case 1:
		want = max(pos-int64(random.IntN(100<<10)), 0)
		got, err = a.Seek(want, io.SeekStart)
	case 2:
		want = size - int64(random.IntN(1000))
		got, err = a.Seek(want-size, io.SeekEnd)
	default:
		want = random.Int64N(size)
		got, err = a.Seek(want, io.SeekStart)
	}
	if err != nil || got != want {
		t.Fatalf("seek to %d from %d: %d, %v", want, pos, got, err)
	}
	return want
}
