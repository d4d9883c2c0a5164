// Package mls is the part of Messaging Layer Security (RFC 9420) that Discord's
// end-to-end encryption uses: a group that grows and shrinks by proposals of one
// external sender, in cipher suite 2 (MLS_128_DHKEMP256_AES128GCM_SHA256_P256).
//
// It is pure: no I/O, no clock, randomness from a reader, and a Group that never
// changes: every commit makes a new one. Names and section numbers are the RFC's.
// Left out, because no message of DAVE can carry them: PrivateMessage and the secret
// tree, pre-shared keys and resumption, external commits, re-initialisation, X.509.
package mls
