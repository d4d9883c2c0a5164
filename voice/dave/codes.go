package dave

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"golang.org/x/crypto/scrypt"

	"busker/internal/snowflake"
)

const (
	privacyDigits  = 30 // six blocks
	pairwiseDigits = 45 // nine blocks
	blockDigits    = 5

	fingerprintVersion = 0
)

// The cost of pairwise fingerprints, which everybody who compares them shares.
const (
	scryptN     = 16384
	scryptR     = 8
	scryptP     = 2
	scryptBytes = 64
)

var scryptSalt = []byte("\x24\xca\xb1\x7a\x7a\xf8\xec\x2b\x82\xb4\x12\xb9\x2d\xab\x19\x2e")

// displayCode makes digits of data that people can compare: each block of bytes,
// as a big endian number, gives that many digits.
func displayCode(data []byte, digits, block int) (string, error) {
	if block < 1 || block > 8 || digits%block != 0 || len(data) < digits {
		return "", errors.New("dave: no code of that shape")
	}
	var code strings.Builder
	for ; digits > 0; digits -= block {
		var n uint64
		for _, b := range data[:block] {
			n = n<<8 | uint64(b)
		}
		fmt.Fprintf(&code, "%0*d", block, n%uint64(math.Pow10(block)))
		data = data[block:]
	}
	return code.String(), nil
}

// privacyCode is the code that all members of an epoch see.
func privacyCode(epochAuthenticator []byte) string {
	code, _ := displayCode(epochAuthenticator, privacyDigits, blockDigits) // 32 bytes are enough
	return code
}

// keyFingerprint binds a signature key to its user.
func keyFingerprint(signatureKey []byte, user snowflake.ID) []byte {
	b := binary.BigEndian.AppendUint16(nil, fingerprintVersion)
	b = append(b, signatureKey...)
	return binary.BigEndian.AppendUint64(b, uint64(user))
}

// pairwiseFingerprint is what two users share who see each other's right keys. It
// takes some 100 ms.
func pairwiseFingerprint(a, b []byte) ([]byte, error) {
	if bytes.Compare(a, b) > 0 {
		a, b = b, a
	}
	return scrypt.Key(bytes.Join([][]byte{a, b}, nil), scryptSalt, scryptN, scryptR, scryptP, scryptBytes)
}

// ErrNotMember says that there is no pairwise code: the user is not in the group with us.
var ErrNotMember = errors.New("dave: not a member of the group")

// PairwiseCode returns the 45 digits by which user and we can verify each other's keys;
// ErrNotMember when user is not in the group, or is us. It takes some 100 ms of
// computing the first time, and nothing again for as long as user stays in the group
// with the same key.
func (s *Session) PairwiseCode(user snowflake.ID) (string, error) {
	theirs, ok := s.snapshot.Load().keys[user]
	if !ok || user == s.opts.User {
		return "", fmt.Errorf("%w: user %s", ErrNotMember, user)
	}
	if code, known := s.pairwise.get(user, theirs); known {
		return code, nil
	}
	code, err := pairwiseCode(
		keyFingerprint(s.opts.Key.Public(), s.opts.User),
		keyFingerprint(theirs, user))
	if err != nil {
		return "", fmt.Errorf("pairwise code: %w", err)
	}
	s.pairwise.put(user, knownCode{theirs, code}, func() map[snowflake.ID][]byte { return s.snapshot.Load().keys })
	return code, nil
}

func pairwiseCode(a, b []byte) (string, error) {
	shared, err := pairwiseFingerprint(a, b)
	if err != nil {
		return "", err
	}
	return displayCode(shared, pairwiseDigits, blockDigits)
}

// pairwise remembers the codes of the group's present members, and so is no larger
// than the group. It may be used concurrently.
type pairwise struct {
	mu    sync.Mutex
	known map[snowflake.ID]knownCode
}

// knownCode is the code of a user with a signature key.
type knownCode struct {
	key  []byte
	code string
}

func (p *pairwise) get(user snowflake.ID, key []byte) (code string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.known[user]
	return known.code, ok && bytes.Equal(known.key, key)
}

// put remembers a code, unless the user has left or changed keys while it was computed:
// members is asked under the lock, so that no later keep is missed.
func (p *pairwise) put(user snowflake.ID, code knownCode, members func() map[snowflake.ID][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !bytes.Equal(members()[user], code.key) {
		return
	}
	if p.known == nil {
		p.known = make(map[snowflake.ID]knownCode)
	}
	p.known[user] = code
}

// keep forgets all codes but those of members with the keys they have now.
func (p *pairwise) keep(members map[snowflake.ID][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for user, known := range p.known {
		if !bytes.Equal(members[user], known.key) {
			delete(p.known, user)
		}
	}
}
