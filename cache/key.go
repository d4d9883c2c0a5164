package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"path/filepath"
	"regexp"

	"busker/opus/dca"
	"busker/track"
)

const (
	// nameBytes of a SHA-256 are plenty to tell tracks apart.
	nameBytes = 16
	suffix    = ".dca"
	// recordingDir is no name of two digits.
	recordingDir = "recording"
	lockName     = "lock"
)

// ours matches what a Cache named, so that it removes nothing else.
var ours = regexp.MustCompile(`^[0-9a-f]{2}/[0-9a-f]{30}\.dca$`)

// name is the hash of k in hexadecimal.
func (k Key) name() string {
	h := sha256.New()
	for _, s := range [...]string{k.Source, k.URI, k.Version, k.Recipe} {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(s)))
		_, _ = h.Write(n[:]) // a hash takes everything
		_, _ = h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil)[:nameBytes])
}

func (c *Cache) path(name string) string {
	return filepath.Join(c.opts.Dir, name[:2], name[2:]+suffix)
}

func (c *Cache) temporary(name string) string {
	return filepath.Join(c.opts.Dir, recordingDir, name+suffix)
}

// metadata is what the file says of itself. It does not name the URI: a link may be a
// secret.
func metadata(k Key, t track.Track) dca.Metadata {
	return dca.Metadata{
		Opus:   dca.Opus{VBR: true},
		Info:   dca.Info{Title: t.Title, Artist: t.Artist, Album: t.Album},
		Origin: dca.Origin{Source: k.Source, Encoding: t.Format},
		Extra:  dca.Extra{Recipe: k.Recipe},
	}
}

func loudness(t track.Track) *dca.Loudness {
	if !t.Loudness.Known {
		return nil
	}
	return &dca.Loudness{LUFS: t.Loudness.LUFS, Peak: t.Loudness.Peak}
}
