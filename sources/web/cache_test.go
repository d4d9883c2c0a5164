package web_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"busker/audio"
	"busker/sources/web"
)

func TestWhatMayBeKept(t *testing.T) {
	content := ramp(0.5)
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		header  http.Header
		changed time.Time
		version string
		kept    bool
	}{
		"tag":          {http.Header{"Etag": {`"one"`}}, time.Time{}, `"one"`, true},
		"date":         {nil, day, "Thu, 01 Jan 2026 00:00:00 GMT", true},
		"weak tag":     {http.Header{"Etag": {`W/"one"`}}, time.Time{}, "", false},
		"nothing":      {nil, time.Time{}, "", false},
		"public":       {http.Header{"Etag": {`"one"`}, "Cache-Control": {"public, max-age=5"}}, time.Time{}, `"one"`, true},
		"private":      {http.Header{"Etag": {`"one"`}, "Cache-Control": {"max-age=5, Private"}}, time.Time{}, `"one"`, false},
		"no-store":     {http.Header{"Etag": {`"one"`}, "Cache-Control": {"max-age=0", "no-store"}}, time.Time{}, `"one"`, false},
		"private part": {http.Header{"Etag": {`"one"`}, "Cache-Control": {`private="set-cookie"`}}, time.Time{}, `"one"`, true},
		"radio":        {http.Header{"Etag": {`"one"`}, "Icy-Name": {"Radio"}}, time.Time{}, `"one"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, web.Options{})
			tr := resolve(t, s, serve(t, func(w http.ResponseWriter, r *http.Request) {
				for k, v := range tt.header {
					w.Header()[k] = v
				}
				http.ServeContent(w, r, "", tt.changed, bytes.NewReader(content))
			}))
			if tr.Version != tt.version || tr.Cacheable != tt.kept {
				t.Errorf("version %q, cacheable %v; want %q, %v", tr.Version, tr.Cacheable, tt.version, tt.kept)
			}
		})
	}
}

func TestWhatReadersCanDo(t *testing.T) {
	s := open(t, web.Options{})
	tr := resolve(t, s, serve(t, file(ramp(0.5))))
	r, err := s.Open(t.Context(), tr, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, ending := r.(audio.Ending)
	if _, waiting := r.(audio.Waiting); !waiting || !ending {
		t.Errorf("ending %v, waiting %v", ending, waiting)
	}
}

// TestAReaderTellsWhatItReads has another content behind a link than was found there.
func TestAReaderTellsWhatItReads(t *testing.T) {
	s := open(t, web.Options{})
	tag, content := `"one"`, ramp(0.5)
	link := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
	tr := resolve(t, s, link)
	for _, want := range []string{`"one"`, `"two"`} {
		tag = want
		r, err := s.Open(t.Context(), tr, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.(interface{ Version() string }).Version(); got != want {
			t.Errorf("reads %s of %s", got, want)
		}
		_ = r.Close()
	}
}
