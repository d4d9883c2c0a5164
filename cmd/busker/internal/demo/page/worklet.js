// Plays 16-bit stereo PCM that arrives by message, behind a small jitter buffer.
// Times are in samples per channel at 48 kHz.
const TARGET = 48 * 80; // heard 80 ms after it arrives: rides out an ordinary browser's hiccups
const LIMIT = 48 * 400; // more than this is a backlog: skip ahead
const ROOM = 1 << 16;

class Speaker extends AudioWorkletProcessor {
  constructor() {
    super();
    this.left = new Float32Array(ROOM);
    this.right = new Float32Array(ROOM);
    this.written = this.read = 0;
    this.filling = true;
    this.dry = this.told = 0;
    this.port.onmessage = (e) => this.take(new Int16Array(e.data));
  }

  take(pcm) {
    for (let i = 0; i + 1 < pcm.length; i += 2, this.written++) {
      this.left[this.written % ROOM] = pcm[i] / 32768;
      this.right[this.written % ROOM] = pcm[i + 1] / 32768;
    }
    if (this.written - this.read > LIMIT) this.read = this.written - TARGET;
  }

  process(_, [[left, right]]) {
    const held = this.written - this.read;
    if (this.filling && held >= TARGET) this.filling = false;
    for (let i = 0; i < left.length; i++) {
      if (this.filling || this.read === this.written) {
        if (!this.filling) { this.filling = true; this.dry++; }
        left[i] = right[i] = 0;
        continue;
      }
      left[i] = this.left[this.read % ROOM];
      right[i] = this.right[this.read++ % ROOM];
    }
    if (currentTime - this.told > 0.25) {
      this.told = currentTime;
      this.port.postMessage({ held: held / 48, filling: this.filling, dry: this.dry });
    }
    return true;
  }
}

registerProcessor("speaker", Speaker);
