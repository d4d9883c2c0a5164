package dave

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

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

// PairwiseCode returns the 45 digits by which user and we can verify each other's keys;
// an error when user is not in the group. It takes some 100 ms of computing.
func (s *Session) PairwiseCode(user snowflake.ID) (string, error) {
	theirs, ok := s.snapshot.Load().keys[user]
	if !ok || user == s.opts.User {
		return "", fmt.Errorf("dave: user %s is not in the group", user)
	}
	shared, err := pairwiseFingerprint(
		keyFingerprint(s.opts.Key.Public(), s.opts.User),
		keyFingerprint(theirs, user))
	if err != nil {
		return "", fmt.Errorf("pairwise fingerprint: %w", err)
	}
	return displayCode(shared, pairwiseDigits, blockDigits)
}
