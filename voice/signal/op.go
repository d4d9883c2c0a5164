// Package signal is a client of Discord's voice gateway, version 8: the websocket
// on which a voice session is agreed upon, kept alive and resumed.
//
// A Conn is one socket; a session outlives it by carrying its Seq to the next one.
// The package knows frames, opcodes, heartbeats and close codes. It knows neither
// UDP nor audio, and it decides nothing: a table says what each close code asks
// for, the caller does it.
package signal

// Op is an opcode of the voice gateway.
type Op uint8

// The opcodes, in the direction client to server (C), server to client (S) or both.
const (
	OpIdentify           Op = 0  // C
	OpSelectProtocol     Op = 1  // C
	OpReady              Op = 2  // S
	OpHeartbeat          Op = 3  // C; from the server: answer at once
	OpSessionDescription Op = 4  // S
	OpSpeaking           Op = 5  // both
	OpHeartbeatAck       Op = 6  // S
	OpResume             Op = 7  // C
	OpHello              Op = 8  // S
	OpResumed            Op = 9  // S
	OpClientsConnect     Op = 11 // S
	OpClientDisconnect   Op = 13 // S

	OpDAVEPrepareTransition Op = 21 // S
	OpDAVEExecuteTransition Op = 22 // S
	OpDAVETransitionReady   Op = 23 // C
	OpDAVEPrepareEpoch      Op = 24 // S
	OpMLSExternalSender     Op = 25 // S, binary
	OpMLSKeyPackage         Op = 26 // C, binary
	OpMLSProposals          Op = 27 // S, binary
	OpMLSCommitWelcome      Op = 28 // C, binary
	OpMLSAnnounceCommit     Op = 29 // S, binary
	OpMLSWelcome            Op = 30 // S, binary
	OpMLSInvalidCommit      Op = 31 // C
)

// concernsDAVE reports whether end-to-end encryption needs to see the frame: its
// own opcodes, those that say which version is on and who is in the call, and the
// one after which answers that a socket did not take can go out on the next.
func (op Op) concernsDAVE() bool {
	return op >= OpDAVEPrepareTransition && op <= OpMLSInvalidCommit ||
		op == OpSessionDescription || op == OpClientsConnect || op == OpClientDisconnect ||
		op == OpResumed
}
