package player

import "time"

// record logs e: what listeners notice as Info, trouble as Warn, the rest as Debug.
func (p *player) record(e Event) {
	switch e := e.(type) {
	case TrackStarted:
		p.log.Info(e.event(), "uri", e.Item.Track.Address(), "item", e.Item.ID, "at", p.pump.position(p.current).Round(time.Millisecond))
	case TrackEnded:
		p.log.Info(e.event(), "uri", e.Item.Track.Address(), "item", e.Item.ID, "reason", e.Reason.String())
	case TrackFailed:
		p.log.Warn(e.event(), "uri", e.Item.Track.Address(), "item", e.Item.ID, "err", e.Err)
	case SeekFailed:
		p.log.Warn(e.event(), "uri", e.Item.Track.Address(), "item", e.Item.ID, "at", e.At, "err", e.Err)
	case TrackStuck:
		p.log.Warn(e.event(), "uri", e.Item.Track.Address(), "item", e.Item.ID, "silent", e.Silent)
	case GaveUp:
		p.log.Warn(e.event(), "failures", e.Failures, "err", e.Err)
	case Interrupted:
		tell := p.log.Warn
		if p.custody == lent { // that is how it ends
			tell = p.log.Info
		}
		tell(e.event(), "channel", p.channel, "err", e.Err)
	case Reconnected:
		p.log.Info(e.event(), "channel", p.channel, "after", e.After)
	case Joined:
		p.log.Info(e.event(), "channel", e.Channel)
	case Moved:
		p.log.Info(e.event(), "from", e.From, "to", e.To)
	case Left:
		p.log.Info(e.event(), "channel", e.Channel, "reason", e.Reason.String(), "err", e.Err)
	default:
		p.log.Debug(e.event())
	}
}
