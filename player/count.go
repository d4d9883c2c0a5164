package player

// Count returns how many players there are, and how many of them play.
func (m *Manager) Count() (players, playing int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.players {
		if p.now().State == StatePlaying {
			playing++
		}
	}
	return len(m.players), playing
}

// Lent returns how many players still play that were handed over: until their sound comes
// from the other process.
func (m *Manager) Lent() (playing int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.players {
		if p.isLent.Load() && p.now().State == StatePlaying {
			playing++
		}
	}
	return playing
}
