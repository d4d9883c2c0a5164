package web_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/web"
	"busker/track"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ramp is a WAV file whose left channel counts up, so that any place in it tells
// where it is: sample n of the left channel is n/32768.
func ramp(seconds float64) []byte {
	n := int(seconds * audio.SampleRate)
	var b bytes.Buffer
	b.WriteString("RIFF")
	_ = binary.Write(&b, binary.LittleEndian, uint32(36+n*4))
	b.WriteString("WAVEfmt ")
	_ = binary.Write(&b, binary.LittleEndian, []uint16{16, 0, 1, 2, 48000, 0, 48000 * 4 & 0xffff, 48000 * 4 >> 16, 4, 16})
	b.WriteString("data")
	_ = binary.Write(&b, binary.LittleEndian, uint32(n*4))
	content := b.Bytes()
	for i := range n {
		content = append(content, byte(i), byte(i>>8)&0x7f, 0, 0)
	}
	return content
}

// serve runs a web server of a test.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// open is a source that may reach the tests' servers.
func open(t *testing.T, o web.Options) *web.Source {
	t.Helper()
	o.AllowPrivate = true
	s := web.New(o)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func file(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

func resolve(t *testing.T, s *web.Source, link string) track.Track {
	t.Helper()
	result, err := s.Resolve(t.Context(), track.Query{Text: link})
	if err != nil {
		t.Fatalf("resolve: %v", err)
	}
	return result.Tracks[0]
}

// firstSample returns the first sample after at, as its number in the ramp.
func firstSample(t *testing.T, s *web.Source, tr track.Track, at time.Duration) int {
	t.Helper()
	r, err := s.Open(t.Context(), tr, at)
	if err != nil {
		t.Fatalf("open at %v: %v", at, err)
	}
	defer r.Close()
	var b audio.Block
	if err := r.ReadBlock(&b); err != nil {
		t.Fatalf("read at %v: %v", at, err)
	}
	return int(b[0]*32768 + 0.5)
}

// count reads to the end and returns the number of blocks.
func count(t *testing.T, s *web.Source, tr track.Track) (blocks int, err error) {
	t.Helper()
	r, err := s.Open(t.Context(), tr, 0)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for b := new(audio.Block); ; blocks++ {
		if err := r.ReadBlock(b); errors.Is(err, io.EOF) {
			return blocks, nil
		} else if err != nil {
			return blocks, err
		}
	}
}

func TestFileIsDescribedAndSought(t *testing.T) {
	s := open(t, web.Options{})
	tr := resolve(t, s, serve(t, file(ramp(3)))+"/some%20dir/My%20Tune.wav?sig=1#x")
	if tr.Title != "My Tune" || tr.Length != 3*time.Second || !tr.Seekable || tr.Live || tr.Source != web.Name {
		t.Errorf("described as %+v", tr)
	}
	if got := firstSample(t, s, tr, 500*time.Millisecond); got != 24000 {
		t.Errorf("at 0.5 s the file has sample %d, want 24000", got)
	}
	if n, err := count(t, s, tr); n != 150 || err != nil {
		t.Errorf("%d blocks, %v; want 150", n, err)
	}
}

func TestServerWithoutRangesStillPlaysFromAnywhere(t *testing.T) {
	s := open(t, web.Options{})
	content := ramp(1)
	tr := resolve(t, s, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content)
	}))
	if tr.Live || tr.Length != time.Second {
		t.Errorf("described as %+v", tr)
	}
	if got := firstSample(t, s, tr, 100*time.Millisecond); got != 4800 {
		t.Errorf("at 0.1 s: sample %d, want 4800", got)
	}
}

func TestEndlessStreamIsLiveAndResolvesAtOnce(t *testing.T) {
	s := open(t, web.Options{})
	content := ramp(600)
	link := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Icy-Name", "Street Radio")
		for at := 0; r.Context().Err() == nil && at < len(content); at += 64 << 10 {
			if _, err := w.Write(content[at:min(at+64<<10, len(content))]); err != nil {
				return
			}
		}
	})
	tr := resolve(t, s, link)
	if !tr.Live || tr.Length != 0 || tr.Seekable || tr.Title != "Street Radio" {
		t.Errorf("described as %+v", tr)
	}
	if got := firstSample(t, s, tr, 0); got != 0 {
		t.Errorf("begins with sample %d", got)
	}
}

func TestEndlessGarbageIsRefused(t *testing.T) {
	s := open(t, web.Options{})
	link := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Icy-Name", "Noise")
		junk := bytes.Repeat([]byte{0xAA, 0x55, 1, 7}, 16<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(junk); err != nil {
				return
			}
		}
	})
	_, err := s.Resolve(t.Context(), track.Query{Text: link})
	if k := fault.KindOf(err); k != fault.Unsupported && k != fault.Corrupt {
		t.Errorf("%v: %v", k, err)
	}
}

// flaky serves content with ranges but cuts every response after some bytes.
type flaky struct {
	content  []byte
	cut      int
	requests atomic.Int32
	tag      func(request int32) string
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := f.requests.Add(1)
	w.Header().Set("ETag", f.tag(n))
	http.ServeContent(&cutter{ResponseWriter: w, left: f.cut}, r, "", time.Time{}, bytes.NewReader(f.content))
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // cuts the connection
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func TestDroppedConnectionGoesOnWhereItWas(t *testing.T) {
	s := open(t, web.Options{})
	f := &flaky{content: ramp(2), cut: 150 << 10, tag: func(int32) string { return `"one"` }}
	tr := resolve(t, s, serve(t, f.ServeHTTP))
	n, err := count(t, s, tr)
	if n != 100 || err != nil {
		t.Errorf("%d blocks, %v; want 100", n, err)
	}
	if f.requests.Load() < 3 {
		t.Errorf("%d requests: nothing was cut", f.requests.Load())
	}
}

func TestChangedFileIsNotSpliced(t *testing.T) {
	s := open(t, web.Options{})
	f := &flaky{content: ramp(2), cut: 150 << 10, tag: func(n int32) string { return fmt.Sprintf(`"v%d"`, n) }}
	tr := resolve(t, s, serve(t, f.ServeHTTP))
	_, err := count(t, s, tr)
	if m, _ := fault.Message(err); !strings.Contains(m, "changed") {
		t.Errorf("%v", err)
	}
}

func TestSilentServerIsGivenUp(t *testing.T) {
	s := open(t, web.Options{Idle: 50 * time.Millisecond, Retries: 1})
	content := ramp(2)
	link := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:100<<10])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	tr := resolve(t, s, link)
	_, err := count(t, s, tr)
	if fault.KindOf(err) != fault.Timeout {
		t.Errorf("%v", err)
	}
}

func TestCloseEndsAReadInProgress(t *testing.T) {
	s := open(t, web.Options{})
	content := ramp(2)
	sent := make(chan struct{}, 8)
	tr := resolve(t, s, serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:100<<10])
		w.(http.Flusher).Flush()
		sent <- struct{}{}
		<-r.Context().Done()
	}))
	<-sent
	r, err := s.Open(t.Context(), tr, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for b := new(audio.Block); ; {
			if err := r.ReadBlock(b); err != nil {
				done <- err
				return
			}
		}
	}()
	<-sent
	_ = r.Close()
	if err := <-done; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the read ended with %v", err)
	}
}

func TestRefusals(t *testing.T) {
	var base string
	base = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gone":
			http.NotFound(w, r)
		case "/secret":
			w.WriteHeader(http.StatusForbidden)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		case "/page":
			w.Header().Set("Content-Type", "audio/mpeg") // a lie
			_, _ = io.WriteString(w, "<!DOCTYPE html><html><body>hello</body></html>")
		case "/empty":
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(nil))
		case "/circle":
			http.Redirect(w, r, base+"/circle", http.StatusFound)
		case "/ping":
			http.Redirect(w, r, base+"/pong", http.StatusFound)
		case "/pong":
			http.Redirect(w, r, base+"/ping", http.StatusFound)
		case "/away":
			http.Redirect(w, r, base+"/away?"+r.URL.RawQuery+"x", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/large":
			w.Header().Set("Content-Length", "999999999")
		}
	})
	s := open(t, web.Options{MaxBytes: 1 << 20})
	for _, tt := range []struct {
		link string
		kind fault.Kind
		says string
	}{
		{base + "/gone", fault.NotFound, "nowhere (404)"},
		{base + "/secret", fault.Denied, "(403)"},
		{base + "/broken", fault.Unavailable, "(502)"},
		{base + "/page", fault.Unsupported, "web page"},
		{base + "/empty", fault.Corrupt, "empty"},
		{base + "/circle", fault.Unavailable, "circle"},
		{base + "/ping", fault.Unavailable, "circle"},
		{base + "/away", fault.Unavailable, "more than 5 times"},
		{base + "/file", fault.Unsupported, "http and https"},
		{base + "/large", fault.TooLarge, "are allowed"},
		{"ftp://example.org/x.mp3", fault.Unsupported, "http and https"},
		{"http://", fault.Invalid, "names no server"},
		{"http://[::1/x", fault.Invalid, "not a link"},
		{"http://127.0.0.1:1/x", fault.Unavailable, "refuses"},
	} {
		_, err := s.Resolve(t.Context(), track.Query{Text: tt.link})
		if m, _ := fault.Message(err); fault.KindOf(err) != tt.kind || !strings.Contains(m, tt.says) {
			t.Errorf("%s: %v %q, want %v …%s…", tt.link, fault.KindOf(err), m, tt.kind, tt.says)
		}
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	reached := atomic.Bool{}
	local := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	port := local[strings.LastIndex(local, ":"):]
	s := web.New(web.Options{})
	defer s.Close()
	for _, link := range []string{
		local, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://[::1]" + port, "http://0.0.0.0" + port,
		"http://[::]" + port, "http://169.254.169.254/latest/meta-data", "http://10.1.2.3/", "http://192.168.1.1/",
		"http://172.20.0.1/", "http://100.64.0.1/", "http://[fd00::1]/", "http://[fe80::1]/", "http://[64:ff9b::7f00:1]/",
		"http://[2002:7f00:1::]/", "http://224.0.0.1/", "http://255.255.255.255/",
	} {
		_, err := s.Resolve(t.Context(), track.Query{Text: link})
		if m, _ := fault.Message(err); fault.KindOf(err) != fault.Denied || !strings.Contains(m, "private address") {
			t.Errorf("%s: %v", link, err)
		}
	}
	if reached.Load() {
		t.Error("a private server was reached")
	}
}

func TestAccepts(t *testing.T) {
	s := web.New(web.Options{})
	defer s.Close()
	for text, want := range map[string]bool{
		"https://example.org/a.mp3": true, "http://x": true, "ftp://x/y": true, "file:///etc/passwd": true,
		"song.mp3": false, "dir/song": false, "": false,
	} {
		if got := s.Accepts(track.Query{Text: text}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestContextEndsResolve(t *testing.T) {
	s := open(t, web.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	link := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := s.Resolve(ctx, track.Query{Text: link}); fault.KindOf(err) != fault.Canceled {
		t.Errorf("%v", err)
	}
}

// TestBrokenConnectionIsNoEnd covers servers that answer no ranges, where what is
// missing cannot be fetched again.
func TestBrokenConnectionIsNoEnd(t *testing.T) {
	content := ramp(2)
	for name, header := range map[string]http.Header{
		"file":    {"Content-Length": {fmt.Sprint(len(content) + 48000)}},
		"chunked": {},
		"radio":   {"Icy-Name": {"Radio"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, web.Options{})
			tr := track.Track{Source: web.Name, URI: serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range header {
					w.Header()[k] = v
				}
				_, _ = w.Write(content[:len(content)-48000])
				if name != "radio" {
					panic(http.ErrAbortHandler)
				}
			})}
			n, err := count(t, s, tr)
			if m, _ := fault.Message(err); n < 50 || fault.KindOf(err) != fault.Unavailable || m != "The connection to the server broke." {
				t.Errorf("%d blocks, then %q (%v)", n, m, err)
			}
		})
	}
}

func TestFetchTakesAnythingFromWhereItMay(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "#EXTM3U\n") })
	content, err := open(t, web.Options{}).Fetch(t.Context(), url+"/a.m3u")
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if got, err := io.ReadAll(content); err != nil || string(got) != "#EXTM3U\n" {
		t.Errorf("%q, %v", got, err)
	}
	public := web.New(web.Options{})
	defer public.Close()
	for link, kind := range map[string]fault.Kind{url: fault.Denied, "file:///etc/passwd": fault.Unsupported} {
		if _, err := public.Fetch(t.Context(), link); fault.KindOf(err) != kind {
			t.Errorf("%s: %v", link, err)
		}
	}
}
