package cache

import (
	"container/list"
	"slices"
	"time"
)

// shelf lists what is kept, by name and by last use. Its owner guards it.
type shelf struct {
	byName map[string]*list.Element // of *entry
	byUse  list.List                // the last used in front
	bytes  int64
}

// entry is one file.
type entry struct {
	name     string
	bytes    int64
	used     time.Time
	verified bool // this process has read it once
	dirty    bool // used is not on disk yet
}

// fill puts entries in that were found, in any order.
func (s *shelf) fill(found []entry) {
	s.byName = make(map[string]*list.Element, len(found))
	slices.SortFunc(found, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range found {
		s.put(e)
	}
}

// put puts e in front, in place of what had its name.
func (s *shelf) put(e entry) {
	s.remove(e.name)
	s.byName[e.name] = s.byUse.PushFront(&e)
	s.bytes += e.bytes
}

func (s *shelf) has(name string) bool { return s.byName[name] != nil }

// use puts name in front.
func (s *shelf) use(name string, now time.Time) (entry, bool) {
	at := s.byName[name]
	if at == nil {
		return entry{}, false
	}
	s.byUse.MoveToFront(at)
	e := at.Value.(*entry)
	e.used, e.dirty = now, true
	return *e, true
}

// trust notes that the file is good.
func (s *shelf) trust(name string) {
	if at := s.byName[name]; at != nil {
		at.Value.(*entry).verified = true
	}
}

func (s *shelf) remove(name string) bool {
	at := s.byName[name]
	if at == nil {
		return false
	}
	s.bytes -= at.Value.(*entry).bytes
	s.byUse.Remove(at)
	delete(s.byName, name)
	return true
}

// oldest is what was not used for longest.
func (s *shelf) oldest() (entry, bool) {
	at := s.byUse.Back()
	if at == nil {
		return entry{}, false
	}
	return *at.Value.(*entry), true
}

// washed returns what was used since it was called last.
func (s *shelf) washed() (used []entry) {
	for at := s.byUse.Front(); at != nil; at = at.Next() {
		if e := at.Value.(*entry); e.dirty {
			e.dirty = false
			used = append(used, *e)
		}
	}
	return used
}
