/** Picture and sound encoded here (WebCodecs): H.264 in Annex B with a key frame every two seconds, and Opus. */

import { CaptureClock } from "./capture_clock";
import { AUDIO, type Sample, VIDEO } from "./wire";

export interface Inputs {
  video: ReadableStream<VideoFrame>;
  audio: ReadableStream<AudioData>;
  bitrate: number;
  hint: "detail" | "motion";
}

const KEY_EVERY_US = 2_000_000;
const MOST_QUEUED = 4; // the machine is busy: better few pictures than late ones
const FLUSH_MS = 2_000;
const AUDIO_BITRATE = 128_000;
const PROFILES = ["42e0", "4200", "4d00", "6400"]; // what every decoder knows, first
const LEVELS: [number, string][] = [
  [1280 * 720, "1f"],
  [1920 * 1088, "28"],
  [3840 * 2160, "33"],
  [Infinity, "34"],
];

const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;

/** Whether this browser can do it at all. */
export async function canEncode(): Promise<boolean> {
  if (typeof VideoEncoder === "undefined" || typeof AudioEncoder === "undefined") return false;
  const audio: AudioEncoderConfig = { codec: "opus", sampleRate: 48_000, numberOfChannels: 2 };
  return (await configuration(1280, 720, 1_000_000, "motion")) !== null && !!(await AudioEncoder.isConfigSupported(audio)).supported;
}

async function configuration(width: number, height: number, bitrate: number, hint: string): Promise<VideoEncoderConfig | null> {
  const level = LEVELS.find(([pixels]) => width * height <= pixels)![1];
  for (const profile of PROFILES) {
    const config = {
      codec: `avc1.${profile}${level}`,
      width,
      height,
      bitrate,
      framerate: 30,
      latencyMode: "realtime" as const,
      avc: { format: "annexb" as const },
      contentHint: hint,
    };
    if ((await VideoEncoder.isConfigSupported(config)).supported) return config;
  }
  return null;
}

export class Encoders {
  frames = 0;
  private readonly video: VideoEncoder;
  private readonly audio: AudioEncoder;
  private readonly videoClock = new CaptureClock();
  private readonly audioClock = new CaptureClock();
  private config: VideoEncoderConfig | null = null;
  private bitrate: number;
  private keyAtUs = -Infinity;
  private paused = false;
  private closed = false;

  constructor(
    private readonly inputs: Inputs,
    private readonly out: (sample: Sample) => void,
    private readonly failed: (why: string) => void,
  ) {
    this.bitrate = inputs.bitrate;
    const error = ({ message }: DOMException): void => {
      if (!this.closed) failed(message);
    };
    this.video = new VideoEncoder({ output: (chunk) => this.take(VIDEO, chunk, this.videoClock), error });
    this.audio = new AudioEncoder({ output: (chunk) => this.take(AUDIO, chunk, this.audioClock), error });
    void this.each(inputs.video, (frame) => this.picture(frame));
    void this.each(inputs.audio, (data) => this.sound(data));
  }

  /** Nothing that comes from now on is encoded, until resumed. */
  pause(paused: boolean): void {
    this.paused = paused;
    this.keyAtUs = -Infinity;
  }

  limit(bitrate: number): void {
    if (Math.abs(bitrate - this.bitrate) < this.bitrate * 0.02) return;
    this.bitrate = bitrate;
    if (this.config && this.video.state === "configured") this.video.configure((this.config = { ...this.config, bitrate }));
  }

  /** What has been taken comes out, unless an encoder has got stuck. */
  async flush(): Promise<void> {
    this.paused = true;
    const each = [this.video, this.audio].filter(({ state }) => state === "configured");
    const flushed = Promise.all(each.map((encoder) => encoder.flush().catch(() => undefined))); // closed meanwhile
    await Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, FLUSH_MS))]);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const encoder of [this.video, this.audio]) if (encoder.state !== "closed") encoder.close();
  }

  private async each<T extends VideoFrame | AudioData>(stream: ReadableStream<T>, take: (item: T) => void | Promise<void>): Promise<void> {
    const reader = stream.getReader();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        try {
          if (!this.closed && !this.paused) await take(value);
        } finally {
          value.close();
        }
        if (this.closed) return await reader.cancel();
      }
    } catch (error) {
      if (!this.closed) this.failed(String(error));
    }
  }

  private async picture(frame: VideoFrame): Promise<void> {
    this.videoClock.see(frame.timestamp, nowUs());
    const [width, height] = [frame.displayWidth & ~1, frame.displayHeight & ~1];
    if (this.config?.width !== width || this.config.height !== height) {
      this.config = await configuration(width, height, this.bitrate, this.inputs.hint);
      if (!this.config) throw new Error(`This browser has no H.264 encoder for ${width}x${height}.`);
      if (this.closed) return;
      this.video.configure(this.config);
      this.keyAtUs = -Infinity;
    }
    if (this.video.encodeQueueSize >= MOST_QUEUED) return;
    const keyFrame = frame.timestamp - this.keyAtUs >= KEY_EVERY_US;
    if (keyFrame) this.keyAtUs = frame.timestamp;
    this.video.encode(frame, { keyFrame });
  }

  private sound(data: AudioData): void {
    this.audioClock.see(data.timestamp, nowUs());
    if (this.audio.state === "unconfigured")
      this.audio.configure({
        codec: "opus",
        sampleRate: data.sampleRate,
        numberOfChannels: Math.min(2, data.numberOfChannels),
        bitrate: AUDIO_BITRATE,
      });
    this.audio.encode(data);
  }

  private take(type: typeof VIDEO | typeof AUDIO, chunk: EncodedVideoChunk | EncodedAudioChunk, clock: CaptureClock): void {
    if (this.closed) return;
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    if (type === VIDEO) this.frames += 1;
    this.out({ type, key: type === VIDEO && chunk.type === "key", atUs: clock.at(chunk.timestamp), data });
  }
}
