// What the scripts say and hear: Opus packets of a tone, and the measure of one.
import { AudioPlayerStatus, EndBehaviorType, StreamType, createAudioResource, entersState } from '@discordjs/voice';
import { Readable } from 'node:stream';
import { setImmediate, setTimeout } from 'node:timers/promises';
import OpusScript from 'opusscript';

const rate = 48000;
const frame = 960; // samples per channel in 20 ms
const silence = Buffer.from([0xf8, 0xff, 0xfe]);
export const patience = 45_000;

/** Resolves when the encryption of @discordjs/voice is ready, which it looks for in the background. */
export async function cipherReady() {
  // In this order; whoever does the same after it, finishes after it.
  for (const name of ['sodium-native', 'sodium', 'libsodium-wrappers', '@stablelib/xchacha20poly1305']) {
    await import(name).catch(() => {});
  }
  await import('@noble/ciphers/chacha.js');
}

/** Opus packets of a tone at half of full scale, a quarter of that on the right. */
function* tone(hertz, seconds) {
  const encoder = new OpusScript(rate, 2, OpusScript.Application.AUDIO);
  encoder.encoderCTL(4002, 96000); // OPUS_SET_BITRATE
  const pcm = Buffer.alloc(frame * 4);
  for (let n = 0; n < seconds * rate; n += frame) {
    for (let i = 0; i < frame; i++) {
      const value = Math.sin((2 * Math.PI * hertz * (n + i)) / rate) * 32767;
      pcm.writeInt16LE(Math.round(value * 0.5), i * 4);
      pcm.writeInt16LE(Math.round(value * 0.125), i * 4 + 2);
    }
    yield Buffer.from(encoder.encode(pcm, frame));
  }
  encoder.delete();
}

/** Plays a tone on a player that is subscribed, to its end. */
export async function play(player, { hertz, seconds }) {
  const packets = []; // encoded before, so that nothing disturbs the pace
  for (const packet of tone(hertz, seconds)) {
    packets.push(packet);
    await setImmediate(); // heartbeats go on
  }
  player.play(createAudioResource(Readable.from(packets), { inputType: StreamType.Opus }));
  await entersState(player, AudioPlayerStatus.Playing, patience);
  await entersState(player, AudioPlayerStatus.Idle, patience + seconds * 1000);
}

/**
 * Decodes what a user sends and calls heard once, with the number of packets and
 * frequency and level of the left channel: after that many packets, or at the five
 * silence frames behind them. Silence frames do not count.
 */
export function listen(connection, { user, packets }, failed, heard) {
  const stream = connection.receiver.subscribe(user, { end: { behavior: EndBehaviorType.Manual } });
  stream.on('error', failed);
  const decoder = new OpusScript(rate, 2, OpusScript.Application.AUDIO);
  const left = [];
  let count = 0;
  let silent = 0;
  stream.on('data', (packet) => {
    if (packet.equals(silence)) {
      if (count === 0 || ++silent < 5) return;
    } else {
      count++;
      const pcm = decoder.decode(packet);
      for (let i = 0; i < pcm.length; i += 4) left.push(pcm.readInt16LE(i) / 32768);
      if (count !== packets) return;
    }
    stream.removeAllListeners('data');
    stream.destroy();
    decoder.delete();
    heard({ packets: count, ...measure(left) });
  });
}

/**
 * Keeps what a user sends until stop is called, which decodes it and returns the
 * number of packets, how many more were refused during a transition and after one,
 * frequency and level of the left channel, how many tenths of a second are not the
 * tone, the longest wait for a packet, and how long the first one took; times are in
 * milliseconds. Silence frames do not count. Reached resolves when there are so many
 * packets, refused ones included, or none came for a while.
 */
export function record(connection, { user, hertz }, failed) {
  const stream = connection.receiver.subscribe(user, { end: { behavior: EndBehaviorType.Manual } });
  stream.on('error', failed);
  const begin = performance.now();
  const packets = [];
  let first = -1;
  let last = 0;
  let gap = 0;
  let refused = 0;
  let late = 0;
  stream.on('data', (packet) => {
    if (packet.equals(silence)) return;
    const now = performance.now();
    if (first < 0) first = now - begin;
    else gap = Math.max(gap, now - last);
    last = now;
    packets.push(packet);
  });
  const all = () => packets.length + refused + late;
  async function reached(n) {
    for (let quiet = 0, seen = 0; all() < n && quiet < 500; quiet++) {
      if (seen !== all()) quiet = 0;
      seen = all();
      await setTimeout(10);
    }
  }
  function stop() {
    stream.removeAllListeners('data');
    stream.destroy();
    const decoder = new OpusScript(rate, 2, OpusScript.Application.AUDIO);
    const left = [];
    let broken = 0; // what a decoder refuses, which random bytes often are not
    for (const packet of packets) {
      try {
        const pcm = decoder.decode(packet);
        for (let i = 0; i < pcm.length; i += 4) left.push(pcm.readInt16LE(i) / 32768);
      } catch {
        broken++;
      }
    }
    decoder.delete();
    return { packets: packets.length, refused, late, broken, odd: odd(left, hertz), gap, first, ...measure(left) };
  }
  return { reached, stop, refused: (pending) => (pending ? refused++ : late++) };
}

/** How many tenths of a second, after the first, are not a tone of half of full scale. */
function odd(samples, hertz) {
  let count = 0;
  for (let at = rate / 10; at + rate / 10 <= samples.length; at += rate / 10) {
    const part = samples.slice(at, at + rate / 10);
    const now = tones(part);
    if (!(Math.abs(now.hertz - hertz) < 5 && Math.abs(now.dbfs + 9.03) < 1)) count++;
  }
  return count;
}

/** Frequency and level without the first 100 ms. */
const measure = (samples) => tones(samples.slice(rate / 10));

/** Frequency from the rising zero crossings, level from the power. */
function tones(part) {
  let power = 0;
  let first = -1;
  let last = -1;
  let crossings = 0;
  for (let i = 1; i < part.length; i++) {
    power += part[i] ** 2;
    if (part[i - 1] < 0 && part[i] >= 0) {
      const at = i - part[i] / (part[i] - part[i - 1]);
      if (first < 0) first = at;
      else crossings++;
      last = at;
    }
  }
  return { hertz: (crossings * rate) / (last - first), dbfs: 10 * Math.log10(power / part.length) };
}
