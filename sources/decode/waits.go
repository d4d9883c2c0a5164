package decode

import "io"

// waits are the functions of audio.Waiting; nil ones are not called.
type waits struct{ wait, resume func() }

// read reads from r, which may block.
func (w *waits) read(r io.Reader, p []byte) (int, error) {
	if w.wait == nil {
		return r.Read(p)
	}
	w.wait()
	defer w.resume()
	return r.Read(p)
}

// waitingReader is a Reader whose every Read is a wait.
type waitingReader struct {
	io.Reader
	waits waits
}

func (r *waitingReader) Read(p []byte) (int, error) { return r.waits.read(r.Reader, p) }
