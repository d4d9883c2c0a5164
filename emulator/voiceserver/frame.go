package voiceserver

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coder/websocket"

	"busker/emulator/delivery"
)

// opcode is an operation of the voice gateway (reference 2.2).
type opcode int

const (
	opIdentify           opcode = 0
	opSelectProtocol     opcode = 1
	opReady              opcode = 2
	opHeartbeat          opcode = 3
	opSessionDescription opcode = 4
	opSpeaking           opcode = 5
	opHeartbeatACK       opcode = 6
	opResume             opcode = 7
	opHello              opcode = 8
	opResumed            opcode = 9
	opClientsConnect     opcode = 11
	opVideo              opcode = 12
	opClientDisconnect   opcode = 13
	opSessionUpdate      opcode = 14
	opMediaSinkWants     opcode = 15
	opBackendVersion     opcode = 16
	opClientFlags        opcode = 18
	opClientPlatform     opcode = 20
	opPrepareTransition  opcode = opcode(delivery.OpPrepareTransition)
	opExecuteTransition  opcode = opcode(delivery.OpExecuteTransition)
	opTransitionReady    opcode = opcode(delivery.OpTransitionReady)
	opPrepareEpoch       opcode = opcode(delivery.OpPrepareEpoch)
	opKeyPackage         opcode = opcode(delivery.OpKeyPackage)
	opCommitWelcome      opcode = opcode(delivery.OpCommitWelcome)
	opInvalidCommit      opcode = opcode(delivery.OpInvalidCommit)
	opNoRoute            opcode = 32
)

// numbered reports whether the JSON form of op carries a sequence number; every
// binary message does (reference 6.1).
func (op opcode) numbered() bool {
	switch op {
	case opSpeaking, opClientsConnect, opClientDisconnect,
		opPrepareTransition, opExecuteTransition, opPrepareEpoch:
		return true
	}
	return false
}

// known reports whether a client may send op, in binary or as JSON.
func (op opcode) known(binary bool) bool {
	switch op {
	case opKeyPackage, opCommitWelcome:
		return binary
	case opIdentify, opSelectProtocol, opHeartbeat, opSpeaking, opResume, opVideo, opSessionUpdate,
		opMediaSinkWants, opBackendVersion, opTransitionReady, opInvalidCommit, opNoRoute:
		return !binary
	}
	return false
}

// closeCode is a websocket close code of the voice gateway (reference 2.7).
type closeCode int

const (
	stay               closeCode = 0  // the socket stays open
	cutOff             closeCode = -1 // the connection ends without a close frame
	closeUnknownOp     closeCode = 4001
	closeDecode        closeCode = 4002
	closeNotIdentified closeCode = 4003
	closeAuthFailed    closeCode = 4004
	closeIdentified    closeCode = 4005
	closeInvalid       closeCode = 4006
	closeTimeout       closeCode = 4009
	closeProtocol      closeCode = 4012
	closeDisconnected  closeCode = 4014
	closeMode          closeCode = 4016
	closeNeedsDAVE     closeCode = 4017
)

var closeReasons = map[closeCode]string{
	closeUnknownOp: "Unknown opcode.", closeDecode: "Failed to decode payload.",
	closeNotIdentified: "Not authenticated.", closeAuthFailed: "Authentication failed.",
	closeIdentified: "Already authenticated.", closeInvalid: "Session is no longer valid.",
	closeTimeout: "Session timed out.", closeProtocol: "Unknown protocol.",
	closeDisconnected: "Disconnected.", closeMode: "Unknown encryption mode.",
	closeNeedsDAVE: "E2EE/DAVE protocol required.",
}

// resumable reports whether Discord expects a resume after code.
func resumable(code int) bool { return code < 4000 || code == 4013 || code == 4015 }

// frame is one message of a client.
type frame struct {
	op     opcode
	data   json.RawMessage // d of a JSON message
	binary []byte          // payload of a binary one
	isBin  bool
}

var errFrame = errors.New("frame without an opcode")

// decodeFrame reads a client's message: {"op":n,"d":…}, or opcode (u8) and payload.
func decodeFrame(typ websocket.MessageType, message []byte) (frame, error) {
	if typ == websocket.MessageBinary {
		if len(message) == 0 {
			return frame{}, errFrame
		}
		return frame{op: opcode(message[0]), binary: message[1:], isBin: true}, nil
	}
	var f struct {
		Op *opcode         `json:"op"`
		D  json.RawMessage `json:"d"`
	}
	if err := json.Unmarshal(message, &f); err != nil {
		return frame{}, fmt.Errorf("decode frame: %w", err)
	}
	if f.Op == nil {
		return frame{}, errFrame
	}
	return frame{op: *f.Op, data: f.D}, nil
}

// encodeText encodes a server's JSON message; seq is left out unless numbered.
func encodeText(op opcode, d any, seq uint16) []byte {
	f := struct {
		Op  opcode  `json:"op"`
		Seq *uint16 `json:"seq,omitempty"`
		D   any     `json:"d"`
	}{Op: op, D: d}
	if op.numbered() {
		f.Seq = &seq
	}
	b, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("voiceserver: encode op %d: %v", op, err)) // only our own types come here
	}
	return b
}

// encodeBinary encodes a server's binary message: seq u16 | opcode u8 | payload.
func encodeBinary(op opcode, payload []byte, seq uint16) []byte {
	return append([]byte{byte(seq >> 8), byte(seq), byte(op)}, payload...)
}
