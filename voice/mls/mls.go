// Package mls is the part of Messaging Layer Security (RFC 9420) that Discord's
// end-to-end encryption uses: a group that grows and shrinks by proposals of one
// external sender, in cipher suite 2 (MLS_128_DHKEMP256_AES128GCM_SHA256_P256).
//
// It is pure: no I/O, no clock, no goroutines, and a Group that never changes: every
// commit makes a new one. Names and section numbers are the RFC's; lengths are in bytes.
// Left out, because no message of DAVE can carry them: PrivateMessage and the secret
// tree, pre-shared keys and resumption, external commits, re-initialisation, X.509.
//
// Every key pair, path secret and first epoch secret is made of bytes read from the
// reader given. Two things are not: signatures are deterministic (RFC 6979), and the
// ephemeral keys within HPKE ciphertexts are always of crypto/rand, as crypto/hpke
// offers nothing else. So the same bytes make the same groups' members and key
// packages, but never the same Welcome or path twice.
//
// Parsing keeps nothing of its input, and accepts only what it would serialise to the
// same bytes.
package mls
