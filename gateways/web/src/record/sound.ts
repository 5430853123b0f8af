/** One audio track out of microphone and shared sound; silence where there is neither, so the sound never stops. */

const WAKE_MS = 1_000;

export class Sound {
  /** At the device's own rate: Firefox joins no microphone to a context of another one. */
  readonly context = new AudioContext({ latencyHint: "interactive" });
  private readonly out = new MediaStreamAudioDestinationNode(this.context, { channelCount: 2 });
  private readonly gate = new GainNode(this.context);
  private readonly meter = new AnalyserNode(this.context, { fftSize: 16_384 }); // a third of a second: no look misses a word
  private readonly samples = new Float32Array(this.meter.fftSize);
  private microphone: MediaStreamAudioSourceNode | null = null;
  private shared: MediaStreamAudioSourceNode | null = null;

  constructor() {
    const silence = new ConstantSourceNode(this.context, { offset: 0 });
    silence.connect(this.out);
    silence.start();
    this.gate.connect(this.out);
  }

  get track(): MediaStreamTrack {
    return this.out.stream.getAudioTracks()[0]!;
  }

  /** To be called in a click: before it, browsers let no sound run. Where nothing can play, Firefox never answers. */
  async wake(): Promise<void> {
    if (this.context.state === "running") return;
    await Promise.race([this.context.resume(), new Promise((resolve) => setTimeout(resolve, WAKE_MS))]);
  }

  useMicrophone(stream: MediaStream | null): void {
    this.microphone?.disconnect();
    this.microphone = this.join(stream);
    this.microphone?.connect(this.meter);
  }

  useShared(stream: MediaStream | null): void {
    this.shared?.disconnect();
    this.shared = this.join(stream);
  }

  /** Nothing is heard until let through again (pause). */
  freeze(frozen: boolean): void {
    this.gate.gain.setTargetAtTime(frozen ? 0 : 1, this.context.currentTime, 0.01);
  }

  /** The microphone's loudness now: root mean square, 0 to 1. */
  level(): number {
    const recent = this.listen().subarray(-2048);
    let sum = 0;
    for (const sample of recent) sum += sample * sample;
    return Math.sqrt(sum / recent.length);
  }

  /** The loudest sample of the last third of a second, 0 to 1. */
  peak(): number {
    let peak = 0;
    for (const sample of this.listen()) peak = Math.max(peak, Math.abs(sample));
    return peak;
  }

  private listen(): Float32Array {
    if (this.microphone) this.meter.getFloatTimeDomainData(this.samples);
    else this.samples.fill(0);
    return this.samples;
  }

  private join(stream: MediaStream | null): MediaStreamAudioSourceNode | null {
    if (!stream?.getAudioTracks().length) return null;
    const source = new MediaStreamAudioSourceNode(this.context, { mediaStream: stream });
    source.connect(this.gate);
    return source;
  }
}

/** How far a level meter stands out for a loudness, 0 to 1: -60 dB is nothing, -6 dB is full. */
export function meterOf(rms: number): number {
  const db = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.min(1, Math.max(0, (db + 60) / 54));
}
