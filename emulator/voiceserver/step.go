package voiceserver

import (
	"busker/emulator/delivery"
	"busker/internal/snowflake"
)

// Step is a moment of a connection at which it can be closed.
type Step string

// The steps, in the order of a connection.
const (
	StepConnect     Step = "connect"     // before Hello
	StepHello       Step = "hello"       // after Hello
	StepIdentify    Step = "identify"    // instead of answering op 0
	StepReady       Step = "ready"       // after Ready
	StepSelect      Step = "select"      // instead of answering op 1
	StepDescription Step = "description" // after the Session Description
	StepSpeaking    Step = "speaking"    // instead of taking op 5
	StepHeartbeat   Step = "heartbeat"   // instead of answering op 3
	StepResume      Step = "resume"      // instead of answering op 7
	StepResumed     Step = "resumed"     // after Resumed

	StepSender     Step = "external sender"    // after op 25
	StepKeyPackage Step = "key package"        // instead of taking op 26
	StepEpoch      Step = "prepare epoch"      // after op 24
	StepProposals  Step = "proposals"          // after op 27
	StepCommit     Step = "commit"             // instead of taking op 28
	StepAnnounce   Step = "announce commit"    // after op 29
	StepWelcome    Step = "welcome"            // after op 30
	StepPrepare    Step = "prepare transition" // after op 21
	StepTransition Step = "transition ready"   // instead of taking op 23
	StepExecute    Step = "execute transition" // after op 22
)

// Steps lists all steps, in the order of a connection.
func Steps() []Step {
	return []Step{
		StepConnect, StepHello, StepIdentify, StepReady, StepSelect, StepDescription, StepSpeaking, StepHeartbeat,
		StepResume, StepResumed, StepSender, StepKeyPackage, StepEpoch, StepProposals, StepCommit, StepAnnounce,
		StepWelcome, StepPrepare, StepTransition, StepExecute,
	}
}

// said are the steps after what the key agreement tells clients.
var said = map[delivery.Op]Step{
	delivery.OpPrepareTransition: StepPrepare,
	delivery.OpExecuteTransition: StepExecute,
	delivery.OpPrepareEpoch:      StepEpoch,
	delivery.OpExternalSender:    StepSender,
	delivery.OpProposals:         StepProposals,
	delivery.OpAnnounceCommit:    StepAnnounce,
	delivery.OpWelcome:           StepWelcome,
}

// heardOps are the steps instead of taking what clients say.
var heardOps = map[opcode]Step{
	opTransitionReady: StepTransition,
	opKeyPackage:      StepKeyPackage,
	opCommitWelcome:   StepCommit,
}

// CloseAt closes a socket at a step. It strikes once, or Times times if that is
// set, or always if it is negative. Codes that do not invite a resume end the
// session too.
type CloseAt struct {
	Step  Step
	Code  int // 0 cuts the connection without a close frame
	Times int
}

func (c CloseAt) inject(f *fates) {
	if f.closes == nil {
		f.closes = make(map[Step]CloseAt)
	}
	if c.Times == 0 {
		c.Times = 1
	}
	f.closes[c.Step] = c
}

// at returns how the socket must end at this step, if so.
func (f *faults) at(guild snowflake.ID, step Step) (code closeCode) {
	f.ask(guild, func(g *fates) bool {
		c, ok := g.closes[step]
		if !ok || c.Times == 0 {
			return false
		}
		if c.Times > 0 {
			c.Times--
			g.closes[step] = c
		}
		if code = closeCode(c.Code); code == 0 {
			code = cutOff
		}
		return true
	})
	return code
}

// at asks the faults about a step of the socket.
func (k *socket) at(step Step) closeCode {
	if k.session == nil {
		return k.server.faults.at(0, step)
	}
	code := k.server.faults.at(k.session.Guild, step)
	if code > 0 && !resumable(int(code)) {
		k.server.mu.Lock()
		defer k.server.unlock()
		k.server.endIfLive(k.session, code)
	}
	return code
}
