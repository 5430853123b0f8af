/** hls.js (or the browser's own player on iOS) with our rate controller and watchdog around it. */

import Hls, { type HlsConfig } from "hls.js";
import { RateController } from "./rate";
import { Watchdog } from "./watchdog";

const LOOK_MS = 200;
const BEHIND_S = 3.5; // a seek that lands further back than this means: I want to see that
const WARM_UP_S = 3;
const MOST_LEAPS = 2;

const CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  liveSyncDuration: 1, // where to begin; from there the rate controller takes over
  liveMaxLatencyDuration: 1e9,
  maxLiveSyncPlaybackRate: 1,
  liveSyncOnStallIncrease: 0,
  liveDurationInfinity: true,
  maxBufferLength: 30,
  startPosition: -1,
  fragLoadPolicy: policy(6, 12_000),
  playlistLoadPolicy: policy(20, 20_000),
  manifestLoadPolicy: policy(20, 20_000),
};

function policy(tries: number, patienceMs: number): HlsConfig["fragLoadPolicy"] {
  const retry = { maxNumRetry: tries, retryDelayMs: 300, maxRetryDelayMs: 3_000 };
  return {
    default: { maxTimeToFirstByteMs: patienceMs, maxLoadTimeMs: patienceMs * 2, timeoutRetry: retry, errorRetry: retry },
  };
}

export interface Told {
  /** Live or not, following or scrubbed back, the latency: several times a second. */
  looked(): void;
  /** Playing with sound was refused; it plays without. */
  muted(): void;
  failed(why: string): void;
}

export class Player {
  readonly hls: Hls | null;
  readonly controller = new RateController();
  following = true;
  stalls = 0;
  private readonly watchdog = new Watchdog();
  private ownSeek = false;
  private wanted = false; // meant to play, as far as the person is concerned
  private frames: { at: number; count: number } | null = null;
  private framesPerSecond: number | null = null;
  private startedAt = 0;
  private leaps = 0;
  private recoveredAt = -Infinity;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly told: Told,
  ) {
    const own = "MediaSource" in window && Hls.isSupported();
    this.hls = own ? new Hls(CONFIG) : null;
  }

  /** Load and play; from `live` the newest, otherwise from the start. */
  begin(live: boolean): void {
    this.following = live;
    this.listen();
    if (this.hls) {
      if (!live) this.hls.config.startPosition = 0;
      this.hls.on(Hls.Events.ERROR, (_, { fatal, type, details }) => this.error(fatal, type, details));
      this.hls.loadSource(this.url);
      this.hls.attachMedia(this.video);
    } else {
      this.video.src = this.url;
    }
    void this.play();
    setInterval(() => this.look(), LOOK_MS);
  }

  /** Whether the playlist still grows. */
  get live(): boolean {
    if (this.hls) return this.hls.latestLevelDetails?.live ?? false;
    return this.video.duration === Infinity;
  }

  /** Seconds behind the newest moment that could be seen. */
  latency(): number {
    if (this.hls) return this.hls.latency;
    const { seekable } = this.video;
    return seekable.length ? seekable.end(seekable.length - 1) - this.video.currentTime : 0;
  }

  toLive(): void {
    this.following = true;
    this.seekToLive();
    void this.play();
  }

  async play(): Promise<void> {
    this.wanted = true;
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      this.video.muted = true;
      this.told.muted();
      await this.video.play().catch(() => undefined); // then the person presses play
    }
  }

  private listen(): void {
    const { video } = this;
    video.addEventListener("waiting", () => this.waiting());
    video.addEventListener("playing", () => {
      if (!this.startedAt) this.startedAt = now();
    });
    video.addEventListener("play", () => (this.wanted = true));
    video.addEventListener("pause", () => {
      if (!video.ended) this.wanted = false;
    });
    video.addEventListener("seeking", () => this.sought());
    video.addEventListener("ratechange", () => this.rateChanged());
  }

  private waiting(): void {
    if (this.video.seeking || !this.startedAt || !this.live) return;
    this.stalls += 1;
    // The first seconds fill the buffer; a wait in them says nothing about the line.
    if (this.following && now() - this.startedAt > WARM_UP_S) this.controller.stalled(now());
  }

  private sought(): void {
    if (this.ownSeek) {
      this.ownSeek = false;
      return;
    }
    if (this.live && this.startedAt) this.following = this.latency() < BEHIND_S;
    if (!this.following) this.steady();
  }

  /** A rate that is not ours is the person's: theirs holds, and live is no longer what they want. */
  private rateChanged(): void {
    if (this.video.playbackRate === this.controller.rate) return;
    if (this.video.playbackRate !== 1) this.following = false;
    this.controller.reset();
  }

  private steady(): void {
    this.controller.reset();
    if (this.video.playbackRate !== 1) this.video.playbackRate = 1;
  }

  private look(): void {
    this.countFrames();
    if (this.live) this.keepUp();
    else if (this.controller.rate !== 1) this.steady(); // it has ended: play what is left as it is
    this.told.looked();
  }

  private keepUp(): void {
    const { video } = this;
    const seen = {
      now: now(),
      time: video.currentTime,
      latency: this.latency(),
      ahead: aheadOf(video),
      playing: this.wanted && !video.paused && !video.ended && !video.seeking && this.startedAt > 0,
      following: this.following,
      framesPerSecond: this.framesPerSecond,
    };
    const cure = this.watchdog.look(seen);
    if (cure === "seek") this.seekToLive();
    if (cure === "reload") this.hls?.startLoad(this.following ? -1 : video.currentTime);
    if (!this.following || !seen.playing || !this.hls) return;
    if (now() - this.startedAt < WARM_UP_S && this.leaps < MOST_LEAPS) this.leap(this.controller.leap(seen));
    const rate = this.controller.update(seen);
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  private seekToLive(): void {
    const position = this.hls?.liveSyncPosition ?? endOf(this.video.seekable) - 1.5;
    if (!Number.isFinite(position) || Math.abs(position - this.video.currentTime) < 0.1) return;
    this.ownSeek = true;
    this.video.currentTime = Math.max(0, position);
  }

  /** In the first seconds a jump is not noticed; later only the rate changes. */
  private leap(seconds: number): void {
    if (seconds === 0) return;
    this.leaps += 1;
    this.ownSeek = true;
    this.video.currentTime += seconds;
  }

  private countFrames(): void {
    const at = now();
    const count = this.video.getVideoPlaybackQuality?.().totalVideoFrames;
    if (count === undefined || this.video.paused || document.hidden) {
      this.frames = null;
      this.framesPerSecond = null;
      return;
    }
    this.frames ??= { at, count };
    if (at - this.frames.at < 2) return;
    this.framesPerSecond = (count - this.frames.count) / (at - this.frames.at);
    this.frames = { at, count };
  }

  private error(fatal: boolean, type: string, details: string): void {
    if (!fatal || !this.hls) return;
    const since = now() - this.recoveredAt;
    this.recoveredAt = now();
    if (type === Hls.ErrorTypes.MEDIA_ERROR && since > 3) this.hls.recoverMediaError();
    else if (type === Hls.ErrorTypes.NETWORK_ERROR) {
      const again = details.startsWith("manifest") ? () => this.hls?.loadSource(this.url) : () => this.hls?.startLoad();
      setTimeout(again, 1_500);
    } else this.told.failed("This browser cannot play the recording.");
  }
}

const now = (): number => performance.now() / 1000;

const endOf = (ranges: TimeRanges): number => (ranges.length ? ranges.end(ranges.length - 1) : NaN);

/** Seconds of media from the playhead to the end of its buffered range. */
export function aheadOf({ buffered, currentTime }: Pick<HTMLVideoElement, "buffered" | "currentTime">): number {
  for (let i = 0; i < buffered.length; i += 1)
    if (currentTime >= buffered.start(i) - 0.1 && currentTime <= buffered.end(i)) return buffered.end(i) - currentTime;
  return 0;
}
