package player

// feed is the set of subscribers to a Manager's events. It is nil once closed.
type feed map[chan Envelope]struct{}

// add returns a new subscriber's channel, closed already when the feed is.
func (f feed) add(buffer int) chan Envelope {
	c := make(chan Envelope, max(buffer, 1))
	if f == nil {
		close(c)
	} else {
		f[c] = struct{}{}
	}
	return c
}

// remove closes c, once.
func (f feed) remove(c chan Envelope) {
	if _, ok := f[c]; ok {
		delete(f, c)
		close(c)
	}
}

// publish gives e to every subscriber that has room for it.
func (f feed) publish(e Envelope, m *Metrics) {
	for c := range f {
		select {
		case c <- e:
		default:
			m.eventsDropped.Inc()
		}
	}
}

// close ends all subscriptions, and those yet to come.
func (f *feed) close() {
	for c := range *f {
		f.remove(c)
	}
	*f = nil
}
