package library

import "time"

// Progress is how far Run is.
type Progress struct {
	Ready    bool      // the names of all files are known
	Reading  bool      // the folders are being read
	Seen     int       // files seen by this reading, or the last one
	Files    int       // files known
	Done, Of int       // files described of those that had to be, since Began
	Refused  int       // files known that cannot be played
	Watching bool      // changes are noticed at once
	Began    time.Time // of this round; zero before the first
	Passed   time.Time // when all folders had been read last; zero = never
	// Left is about how long it takes until all files are described; 0 = it is done, or
	// not known yet.
	Left time.Duration
}

// Busy reports that something is still to be found out.
func (p Progress) Busy() bool { return !p.Ready || p.Reading || p.Done < p.Of }

// scanState is what of Progress is not in the catalogue.
type scanState struct {
	ready, reading, watching bool
	seen, done, of           int
	began, passed            time.Time
}

// Progress returns how far Run is.
func (l *Library) Progress() Progress {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.scan
	p := Progress{
		Ready: s.ready, Reading: s.reading, Seen: s.seen, Files: l.cat.size(), Done: s.done, Of: s.of, Refused: l.cat.counts[refused],
		Watching: s.watching, Began: s.began, Passed: s.passed,
	}
	if s.done > 0 && s.done < s.of {
		p.Left = time.Duration(float64(time.Since(s.began)) / float64(s.done) * float64(s.of-s.done))
	}
	return p
}
