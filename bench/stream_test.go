package bench_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"busker/audio"
	"busker/bench"
	"busker/dsp"
	"busker/opus"
	"busker/sources/decode"
	"busker/voice/rtp"
	"busker/voice/udp"
)

// BenchmarkStream is a frame of a whole stream, from its file in memory to the network,
// encrypted end to end and for the transport: of one stream, and of hundreds in turn,
// whose codecs, filters and keys push each other out of the caches.
//
// "micro-us/frame" is the sum of its steps, each alone in a loop of its own, measured in
// between on the same thread; "ratio" is how much more than that the whole takes.
func BenchmarkStream(b *testing.B) { measure(b, streams()) }

// path is what a stream goes through.
type path struct {
	name     string
	pcm      bool // it comes as blocks, else as Opus in Ogg
	encoded  bool // anew
	settings dsp.Settings
}

func streams() (list []work) {
	for _, p := range []path{
		{name: "passthrough"},
		{name: "encode", pcm: true, encoded: true},
		{name: "transcode", encoded: true},
		{name: "equalizer", encoded: true, settings: dsp.Settings{Equalizer: bands(15)}},
	} {
		for _, n := range []int{1, 200} {
			list = append(list, work{name: fmt.Sprintf("path=%s/streams=%d", p.name, n), open: func(tb testing.TB) *job {
				return newTown(tb, p, several(tb, n)).job()
			}})
		}
	}
	return list
}

// producer makes the packets of one stream.
type producer struct {
	path    path
	opus    *playing      // nil: blocks
	blocks  []audio.Block // what comes as PCM
	at      int           // in it
	block   audio.Block
	chain   *dsp.Chain // nil: none
	encoder opus.Encoder
}

// make sets p to the next packet.
func (s *producer) make(p *audio.Packet) error {
	if !s.path.encoded {
		return s.opus.Reader.(audio.PacketReader).ReadPacket(p)
	}
	block, err := s.read()
	if err != nil {
		return err
	}
	if s.chain != nil {
		s.chain.Push(block)
		s.chain.Pull(&s.block)
		block = &s.block
	}
	n, err := s.encoder.Encode(p.Buffer(), block)
	if err == nil {
		p.SetLen(n)
	}
	return err
}

// read returns the next block of PCM, valid until the next call.
func (s *producer) read() (*audio.Block, error) {
	if s.opus != nil {
		return &s.block, s.opus.ReadBlock(&s.block)
	}
	s.at++
	return &s.blocks[s.at%len(s.blocks)], nil
}

func newProducer(tb testing.TB, p path, file []byte, offset int) *producer {
	tb.Helper()
	s := &producer{path: p, blocks: sound(tb), at: offset}
	if !p.pcm {
		s.opus = play(tb, file, audio.Duration(int64(offset)), decode.Options{})
	}
	if !p.settings.Neutral() {
		s.chain = dsp.NewChain(p.settings)
	}
	if p.encoded {
		s.encoder = coding{"", opus.DefaultComplexity, opus.DefaultBitrate, ""}.encoder(tb)
	}
	return s
}

// town is the streams, and their steps each alone.
type town struct {
	crowd     *crowd
	producers []*producer
	steps     []*step
	spent     time.Duration // by all of the streams, on this thread
	mark      time.Duration // since when they compute
	frames    int
	rounds    int
}

func newTown(tb testing.TB, p path, n int) *town {
	tb.Helper()
	runtime.LockOSThread()
	tb.Cleanup(runtime.UnlockOSThread)
	t := &town{crowd: newCrowd(tb, rtp.AES256GCM, n), steps: newSteps(tb, p, slot(n))}
	file := longFile(tb)
	for i := range n {
		s := newProducer(tb, p, file, i*len(sound(tb))/n)
		t.producers = append(t.producers, s)
		if err := t.produce(i, half+i%half); err != nil { // so that they run dry one after the other
			tb.Fatal(err)
		}
	}
	return t
}

// every so many frames the steps are measured.
const every = 200

// half of a line's ring is unsent when it is filled again.
const half = 5

// produce makes n packets of stream i.
func (t *town) produce(i, n int) error {
	for range n {
		p := audio.NewPacket()
		if err := t.producers[i].make(p); err != nil {
			p.Release()
			return err
		}
		if err := t.crowd.lines[i].Send(p); err != nil {
			return err
		}
	}
	return nil
}

func (t *town) job() *job {
	return &job{
		frame: t.frame, again: t.again, aside: t.aside, every: every,
		end:    func() error { t.crowd.sockets.Flush(0); return nil },
		report: t.report,
	}
}

// frame sends one of a stream, and makes new ones of it when half of its ring is empty.
func (t *town) frame(i int) error {
	if t.mark == 0 {
		t.mark = bench.ThreadCPU()
	}
	who := i % len(t.producers)
	if t.crowd.lines[who].Queued() <= half { // before: at the end of a file it comes twice
		if err := t.produce(who, half); err != nil {
			return err
		}
	}
	t.crowd.tick(i)
	if t.frames++; t.frames%every == 0 {
		t.stop() // before anybody else has this thread
	}
	return nil
}

// again lets those that are near their end begin anew.
func (t *town) again() error {
	t.stop()
	for _, s := range t.producers {
		if err := s.opus.open(); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the time the streams compute for; the next frame begins it again.
func (t *town) stop() {
	if t.mark != 0 {
		t.spent += bench.ThreadCPU() - t.mark
		t.mark = 0
	}
}

// aside measures the steps.
func (t *town) aside() error {
	t.stop()
	t.rounds++
	for _, s := range t.steps {
		if err := s.measure(t.rounds); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func (t *town) report(b *testing.B, _ time.Duration) {
	t.stop()
	for t.rounds < 20 {
		if err := t.aside(); err != nil {
			b.Fatal(err)
		}
	}
	sum := 0.0
	for _, s := range t.steps {
		each := float64(s.spent.Nanoseconds()) / 1000 / float64(s.frames)
		b.ReportMetric(each, s.name+"-us")
		sum += each
	}
	b.ReportMetric(sum, "micro-us/frame")
	b.ReportMetric(float64(t.spent.Nanoseconds())/1000/float64(t.frames)/sum, "ratio")
}

// step is one of the things that happen to a frame.
type step struct {
	name   string
	chunk  int // frames at a time
	frame  func(i int) error
	spent  time.Duration
	frames int
}

// measure does a chunk of frames from another place every round, after as many as it
// takes to warm up.
func (s *step) measure(round int) error {
	from := round * 7919 // a prime: any place comes
	for i := range s.chunk / 4 {
		if err := s.frame(from + i); err != nil {
			return err
		}
	}
	began := bench.ThreadCPU()
	for i := range s.chunk {
		if err := s.frame(from + s.chunk/4 + i); err != nil {
			return err
		}
	}
	s.spent += bench.ThreadCPU() - began
	s.frames += s.chunk
	return nil
}

// newSteps returns the steps of a path that sends so many packets at a time.
func newSteps(tb testing.TB, p path, batch int) []*step {
	tb.Helper()
	const light, heavy = 400, 40 // frames at a time: reading the clock takes a while too
	list, _ := packets(tb, 1)
	var steps []*step
	add := func(name string, chunk int, frame func(int) error) {
		steps = append(steps, &step{name: name, chunk: chunk, frame: frame})
	}
	if !p.pcm {
		add("demux", light, packetsOf(tb, longFile(tb)).next)
	}
	if p.encoded && !p.pcm {
		add("decode", heavy, decoding(tb, "", opus.DefaultBitrate).frame)
	}
	if !p.settings.Neutral() {
		add("filter", heavy, through(dsp.NewChain(p.settings), sound(tb)))
	}
	if p.encoded {
		e, blocks, packet := coding{"", opus.DefaultComplexity, opus.DefaultBitrate, ""}.encoder(tb), sound(tb), make([]byte, audio.MaxPacketBytes)
		add("encode", heavy, func(i int) error { _, err := e.Encode(packet, &blocks[i%len(blocks)]); return err })
	}
	e := envelope{frames: keys(tb, 1)[0], sealer: newSealer(tb, rtp.AES256GCM), frame: make([]byte, 0, 900), packet: make([]byte, 0, 900)}
	add("seal", light, func(i int) error { return e.seal(list[i%len(list)]) })
	add("send", light, sending(tb, udp.Options{}, batch).frame)
	return steps
}

// longFile is a minute of the corpus in Opus.
func longFile(tb testing.TB) []byte {
	tb.Helper()
	return content{format: "opus", rate: audio.SampleRate, loops: 6, build: func(tb testing.TB) []byte { return oggFile(tb, several(tb, 6)) }}.bytes(tb)
}
