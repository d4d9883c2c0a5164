package opus

// Kept is how many codecs wait on the shelf.
func (s *Shelf) Kept() (encoders, decoders int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.encoders), len(s.decoders)
}
