package demo

import (
	"io"
	"net/http"
	"strings"
)

// serveMedia passes on a file from the local Discord's file store, so that the page
// needs no address but its own. Pictures are shown, everything else is a download.
func (p *page) serveMedia(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/media")
	if !strings.HasPrefix(path, uploadsPath) || strings.Contains(path, "..") {
		http.NotFound(w, r)
		return
	}
	target := *r.URL
	target.Path = path
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, p.street.emulator.URL()+target.RequestURI(), nil)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, "the local Discord does not answer", http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		http.NotFound(w, r)
		return
	}
	kind := answer.Header.Get("Content-Type")
	if !strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "image/svg") {
		kind = "application/octet-stream"
		w.Header().Set("Content-Disposition", "attachment")
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = io.Copy(w, answer.Body) // a browser that went away is nobody's error
}

func (p *page) serveCover(w http.ResponseWriter, r *http.Request) {
	for _, s := range p.songs {
		if s.cover != nil && s.Cover == "cover/"+r.PathValue("name") {
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Cache-Control", "max-age=3600")
			_, _ = w.Write(s.cover)
			return
		}
	}
	http.NotFound(w, r)
}
