// Listen: what a member of the voice channel decoded, played by this browser.

export class Ears {
  // told(state) is called with { listening, sounding, levels: [dB, dB], buffer };
  // source() is the address of what is heard.
  constructor(told, source) {
    this.told = told;
    this.source = source;
    this.listening = false;
    this.loudness = 0.8;
  }

  async start() {
    if (this.listening) return;
    this.listening = true;
    this.context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
    await this.context.audioWorklet.addModule("worklet.js");
    this.node = new AudioWorkletNode(this.context, "speaker", { numberOfInputs: 0, outputChannelCount: [2] });
    this.gain = new GainNode(this.context, { gain: this.loudness });
    const split = new ChannelSplitterNode(this.context, { numberOfOutputs: 2 });
    this.analysers = [0, 1].map((side) => {
      const a = new AnalyserNode(this.context, { fftSize: 2048 });
      split.connect(a, side);
      return a;
    });
    this.node.connect(split);
    this.node.connect(this.gain).connect(this.context.destination);
    this.node.port.onmessage = (e) => { this.buffer = e.data; };
    await this.context.resume();
    this.connect();
    this.frame = requestAnimationFrame(() => this.measure());
  }

  connect() {
    if (!this.listening) return;
    const socket = new WebSocket(new URL(this.source(), location.href.replace(/^http/, "ws")));
    socket.binaryType = "arraybuffer";
    socket.onmessage = (e) => this.node.port.postMessage(e.data, [e.data]);
    socket.onclose = () => { if (this.socket === socket) setTimeout(() => this.connect(), 500); };
    this.socket = socket;
  }

  stop() {
    if (!this.listening) return;
    this.listening = false;
    cancelAnimationFrame(this.frame);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.context.close();
    this.told({ listening: false, sounding: false, levels: [-Infinity, -Infinity] });
  }

  set volume(v) {
    this.loudness = v;
    this.gain?.gain.setTargetAtTime(v, this.context.currentTime, 0.02);
  }

  // levels returns the RMS of each side in dBFS, as the browser plays it.
  levels() {
    const samples = new Float32Array(2048);
    return (this.analysers || []).map((a) => {
      a.getFloatTimeDomainData(samples);
      return 10 * Math.log10(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
    });
  }

  measure() {
    if (!this.listening) return;
    const levels = this.levels();
    this.told({ listening: true, sounding: Math.max(...levels) > -60, levels, buffer: this.buffer });
    this.frame = requestAnimationFrame(() => this.measure());
  }
}
