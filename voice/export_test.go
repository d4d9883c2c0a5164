package voice

import (
	"context"

	"busker/voice/dave"
	"busker/voice/line"
	"busker/voice/rtp"
	"busker/voice/signal"
)

// Encryption is what a session needs of a dave.Session.
type Encryption = encryption

// Encrypt replaces the end-to-end encryption of the hub's sessions.
func Encrypt(o *HubOptions, f func(dave.Options) Encryption) { o.encrypt = f }

// Played is a voice session that a test plays, without sockets.
type Played struct {
	*session
	Dropped <-chan struct{} // closed when the call has no use for it any more
	end     chan error
}

// Play has the hub's sessions played: f is told of each and must not block.
func Play(o *HubOptions, f func(*Played)) {
	o.run = func(s *session, ctx context.Context) error {
		p := &Played{s, ctx.Done(), make(chan error, 10)}
		f(p)
		select {
		case err := <-p.end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Establish says that audio can be sent.
func (p *Played) Establish() { p.tell(established{}) }

// Link says that audio can be sent, to where nobody is.
func (p *Played) Link(sealer *rtp.Sealer) {
	p.tell(established{link: line.NewLink(line.LinkOptions{Socket: nowhere{}, SSRC: 1, Sealer: sealer, Ungated: true})})
}

type nowhere struct{}

func (nowhere) Queue(int, []byte) {}

// Resume says that the socket was lost, and then replaced.
func (p *Played) Resume(err error) { p.tell(resuming{err}); p.tell(resumed{}) }

// End ends the session.
func (p *Played) End(err error) { p.end <- err }

// Identity returns what the session was begun with.
func (p *Played) Identity() (endpoint string, id signal.Identity) { return p.endpoint, p.identity }

// Keyring opens the sealers of a Conn's keys to its tests.
type Keyring struct{ keyring }

// Sealer returns the sealer of a key.
func (k *Keyring) Sealer(mode rtp.Mode, key []byte) (*rtp.Sealer, error) { return k.sealer(mode, key) }
