// Members of encrypted calls made of @snazzah/davey, as many as the test wants in one
// process. Every line is a list of commands, in order; the answer is one line
// {"event":"answers","answers":[…]} with an answer per command, {"error":"…"} where
// davey threw. "as" is the user's id, and bytes are base64.
//
//   {"do":"create","as","channel"}           → {"data"}: joins anew, with the key pair it had before
//   {"do":"sender","as","data"}              op 25
//   {"do":"package","as"}                    → {"data"}: op 26
//   {"do":"proposals","as","data","known"}   → {"commit","welcome"}: op 27, and 28 if there is a commit
//   {"do":"commit","as","data"}              op 29 without the transition
//   {"do":"welcome","as","data"}             op 30 without the transition
//   {"do":"seal","as","data"}                → {"data"}
//   {"do":"open","as","from","data"}         → {"data"}
//   {"do":"verify","as","from"}              → {"code"}: the pairwise code
//   {"do":"status","as"}                     → {"epoch","leaf","ready","code","data","users"}; data is the epoch authenticator
//   {"do":"drop","as"}                       leaves
//   {"do":"skip","as","count"}               seals that many frames nobody gets
//   {"do":"ahead","seconds"}                 sets davey's clock ahead, where clock.c is preloaded
import { createInterface } from 'node:readline';
import davey from '@snazzah/davey';

const members = new Map();
const keys = new Map(); // of everyone who ever was a member: they come back with the same

const bytes = (text) => Buffer.from(text, 'base64');
const text = (buffer) => buffer?.toString('base64');

const commands = {
  create({ as, channel }) {
    if (!keys.has(as)) keys.set(as, davey.generateP256Keypair());
    members.set(as, new davey.DAVESession(1, as, channel, keys.get(as)));
    return { data: text(keys.get(as).public) };
  },
  sender: ({ data }, member) => member.setExternalSender(bytes(data)),
  package: (_, member) => ({ data: text(member.getSerializedKeyPackage()) }),
  proposals({ data, known }, member) {
    const payload = bytes(data);
    const { commit, welcome } = member.processProposals(payload[0], payload.subarray(1), known);
    return { commit: text(commit), welcome: text(welcome) };
  },
  commit: ({ data }, member) => member.processCommit(bytes(data)),
  welcome: ({ data }, member) => member.processWelcome(bytes(data)),
  seal: ({ data }, member) => ({ data: text(member.encryptOpus(bytes(data))) }),
  open: ({ from, data }, member) => ({ data: text(member.decrypt(from, davey.MediaType.AUDIO, bytes(data))) }),
  verify: async ({ from }, member) => ({ code: await member.getVerificationCode(from) }),
  status: (_, member) => ({
    epoch: Number(member.epoch),
    leaf: member.ownLeafIndex,
    ready: member.ready,
    code: member.voicePrivacyCode,
    data: text(member.getEpochAuthenticator()),
    users: member.getUserIds(),
  }),
  drop: ({ as }) => void members.delete(as),
  skip({ count }, member) {
    const frame = Buffer.from([1]);
    for (let i = 0; i < count; i++) member.encryptOpus(frame);
  },
  ahead: ({ seconds }) => void (process.env.CLOCK_AHEAD = String(seconds)),
};

async function answer(command) {
  try {
    return (await commands[command.do](command, members.get(command.as))) ?? {};
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answers = [];
  for (const command of JSON.parse(line)) answers.push(await answer(command));
  console.log(JSON.stringify({ event: 'answers', answers }));
}
