package voiceserver

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
)

// handle acts on a frame and says whether the socket must close for it.
func (k *socket) handle(ctx context.Context, f frame) closeCode {
	if !f.op.known(f.isBin) {
		kind := UnknownOpcode
		if f.op.known(!f.isBin) {
			kind = WrongForm
		}
		k.violation(kind, fmt.Sprintf("op %d", f.op))
		return closeUnknownOp
	}
	switch {
	case f.op == opIdentify && k.session == nil:
		return k.identify(ctx, f)
	case f.op == opResume && k.session == nil:
		return k.resume(f)
	case k.session == nil:
		k.violation(NotIdentified, fmt.Sprintf("op %d", f.op))
		return closeNotIdentified
	case f.op == opIdentify || f.op == opResume:
		k.violation(IdentifiedTwice, fmt.Sprintf("op %d", f.op))
		return closeIdentified
	}
	switch f.op {
	case opHeartbeat:
		return k.heartbeat(f)
	case opSelectProtocol:
		return k.selectProtocol(f)
	case opSpeaking:
		return k.speaking(f)
	case opBackendVersion:
		k.session.send(opBackendVersion, map[string]string{"voice": "0.0.0", "rtc_worker": "0.0.0"})
	case opTransitionReady, opInvalidCommit, opKeyPackage, opCommitWelcome:
		return k.encryption(f)
	}
	return stay
}

// decode reads d of a frame; a frame it can not be read from closes the socket.
func (k *socket) decode(f frame, into any) closeCode {
	if err := json.Unmarshal(f.data, into); err != nil {
		k.violation(Undecodable, fmt.Sprintf("op %d: %v", f.op, err))
		return closeDecode
	}
	return stay
}

// identify starts the session of an expectation and answers Ready.
func (k *socket) identify(ctx context.Context, f frame) closeCode {
	var d struct {
		Guild     snowflake.ID `json:"server_id"`
		User      snowflake.ID `json:"user_id"`
		SessionID string       `json:"session_id"`
		Token     string       `json:"token"`
		MaxDAVE   int          `json:"max_dave_protocol_version"`
	}
	if code := k.decode(f, &d); code != stay {
		return code
	}
	if code := k.server.faults.at(d.Guild, StepIdentify); code != stay {
		return code
	}
	who := Session{Guild: d.Guild, User: d.User, SessionID: d.SessionID, Token: d.Token}
	if code := k.server.begin(k, who, d.MaxDAVE); code != stay {
		return code
	}
	if !wait(ctx, k.server.faults.readyDelay(d.Guild)) {
		return cutOff
	}
	at := k.server.port(k.session.ssrc).LocalAddr().(interface{ AddrPort() netip.AddrPort }).AddrPort()
	k.session.send(opReady, map[string]any{
		"ssrc": k.session.ssrc, "ip": at.Addr().String(), "port": at.Port(), "modes": k.server.opts.Modes,
		"heartbeat_interval": 1, "experiments": []string{}, "streams": []string{}, // 1 is bogus there, and as bogus here
	})
	k.server.join(k.session)
	return k.at(StepReady)
}

// begin admits the client who says it is d and knows DAVE up to a version.
func (s *Server) begin(k *socket, d Session, maxDAVE int) closeCode {
	s.mu.Lock()
	defer s.unlock()
	e, expected := s.expected[d.Token]
	switch {
	case s.spent.has(d.Token) || s.sessions[d.Token] != nil:
		return closeInvalid
	case !expected:
		return closeAuthFailed
	case e.Guild != d.Guild || e.User != d.User || e.SessionID != d.SessionID:
		return closeInvalid
	case maxDAVE < 1 && s.requiresDAVE(e.Guild, e.Channel):
		return closeNeedsDAVE
	}
	k.session = s.admit(e)
	k.session.maxDAVE = min(max(maxDAVE, 0), delivery.Version)
	k.session.attach(k)
	return stay
}

// resume continues a session whose socket was lost.
func (k *socket) resume(f frame) closeCode {
	var d struct {
		Guild     snowflake.ID `json:"server_id"`
		SessionID string       `json:"session_id"`
		Token     string       `json:"token"`
		Seq       *int         `json:"seq_ack"`
	}
	if code := k.decode(f, &d); code != stay {
		return code
	}
	if code := k.server.faults.at(d.Guild, StepResume); code != stay {
		return code
	}
	seq := -1
	if d.Seq != nil {
		seq = *d.Seq
	}
	known, code := k.server.continued(k, Session{Guild: d.Guild, SessionID: d.SessionID, Token: d.Token}, seq)
	if code != stay {
		return code
	}
	if !known || d.Seq == nil {
		k.violation(BadSequence, fmt.Sprintf("resume with seq_ack %d", seq))
	}
	k.server.record.resumes.Add(1)
	return k.at(StepResumed)
}

// continued moves a session that lives to the socket, and reports whether the
// client can have seen seq.
func (s *Server) continued(k *socket, d Session, seq int) (known bool, code closeCode) {
	s.mu.Lock()
	defer s.unlock()
	live := s.sessions[d.Token]
	if live == nil || live.Guild != d.Guild || live.SessionID != d.SessionID {
		return false, closeInvalid
	}
	k.session = live
	live.fresh.renew(time.Now())
	if live.seat != nil {
		live.call.Load().service.Excuse(live.seat) // what it answered may be lost
	}
	return live.resume(k, seq), stay
}

// heartbeat frees what is acknowledged and echoes the nonce.
func (k *socket) heartbeat(f frame) closeCode {
	var d struct {
		T   json.RawMessage `json:"t"`
		Seq *int            `json:"seq_ack"`
	}
	if code := k.decode(f, &d); code != stay {
		return code
	}
	k.beat.Store(time.Now().UnixNano())
	switch {
	case d.Seq == nil:
		k.violation(BadSequence, "heartbeat without seq_ack")
	case !k.session.ack(*d.Seq):
		k.violation(BadSequence, fmt.Sprintf("heartbeat with seq_ack %d", *d.Seq))
	}
	if code := k.at(StepHeartbeat); code != stay {
		return code
	}
	if !k.server.faults.acksHeld(k.session.Guild) {
		k.session.send(opHeartbeatACK, map[string]any{"t": d.T})
	}
	return stay
}

// selectProtocol gives the session a fresh key.
func (k *socket) selectProtocol(f frame) closeCode {
	var d struct {
		Protocol string `json:"protocol"`
		Data     struct {
			Address string `json:"address"`
			Port    uint16 `json:"port"`
			Mode    string `json:"mode"`
		} `json:"data"`
	}
	if code := k.decode(f, &d); code != stay {
		return code
	}
	if code := k.at(StepSelect); code != stay {
		return code
	}
	if d.Protocol != "udp" {
		return closeProtocol
	}
	if !slices.Contains(k.server.opts.Modes, d.Data.Mode) {
		return closeMode
	}
	var key [32]byte
	_, _ = rand.Read(key[:])
	t, err := newTransport(d.Data.Mode, key)
	if err != nil {
		return closeMode
	}
	k.session.transport.Store(t)
	if addr, err := netip.ParseAddr(d.Data.Address); err == nil && d.Data.Port != 0 && k.session.remote.Load() == nil {
		at := netip.AddrPortFrom(addr, d.Data.Port)
		k.session.remote.Store(&at)
	}
	k.server.enterCall(k.session, func(version int) {
		k.session.send(opSessionDescription, describe(d.Data.Mode, key, version))
	})
	return k.at(StepDescription)
}

func describe(mode string, key [32]byte, version int) any {
	numbers := make([]int, len(key)) // a JSON array, not base64
	for i, b := range key {
		numbers[i] = int(b)
	}
	return map[string]any{
		"mode": mode, "secret_key": numbers, "dave_protocol_version": version,
		"audio_codec": "opus", "video_codec": "H264", "media_session_id": rand.Text(),
	}
}

// speaking tells the others, and lets the client's packets through.
func (k *socket) speaking(f frame) closeCode {
	var d struct {
		Flags int    `json:"speaking"`
		SSRC  uint32 `json:"ssrc"`
	}
	if code := k.decode(f, &d); code != stay {
		return code
	}
	if code := k.at(StepSpeaking); code != stay {
		return code
	}
	if d.SSRC != k.session.ssrc {
		k.violation(WrongSSRC, fmt.Sprintf("op 5 with ssrc %d, Ready said %d", d.SSRC, k.session.ssrc))
		return stay
	}
	k.session.speak(d.Flags)
	k.server.spoke(k.session, d.Flags)
	k.server.release(k.session)
	return stay
}

// wait returns after d, or false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
