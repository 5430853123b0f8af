/** hls.js (or the browser's own player on iOS) with our rate controller and watchdog around it. */

import Hls, { type HlsConfig } from "hls.js";
import type { Link } from "./link";
import { RateController } from "./rate";
import { Watchdog } from "./watchdog";

const LOOK_MS = 200;
const BEHIND_S = 3.5; // a seek that lands further back than this means: I want to see that
const NUDGE_S = 0.8; // hls.js steps over small gaps by itself; nobody seeks so little
const GAP_S = 2; // a longer wait is the source's doing (a pause, a new session): no reason to keep more distance
const WARM_UP_S = 3;
const FORGIVEN_S = 6; // a stall this early says nothing of the line: decoder and cache are cold
const MOST_LEAPS = 2;
const FORBIDDEN = 403;
const MASTER = "master.m3u8";

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
  /** Nothing is to be expected: the recording is paused, or its source is away. */
  quiet = false;
  private ownTarget = NaN;
  private lastTime = 0;
  private wasLive = false; // while one rendition gives way to another, hls.js knows of none
  private waitingSince = NaN;
  private wanted = false; // meant to play, as far as the person is concerned
  private frames: { at: number; count: number } | null = null;
  private framesPerSecond: number | null = null;
  private startedAt = 0;
  private leaps = 0;
  private path = "";
  private recoveredAt = -Infinity;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly link: Link,
    private readonly told: Told,
  ) {
    const own = "MediaSource" in window && Hls.isSupported();
    const xhrSetup = async (xhr: XMLHttpRequest, url: string): Promise<void> => xhr.open("GET", await link.fresh(url), true);
    this.hls = own ? new Hls({ ...CONFIG, xhrSetup }) : null;
  }

  /** Load and play; from `live` the newest, otherwise from the start. */
  begin(live: boolean): void {
    this.following = live;
    this.listen();
    if (this.hls) {
      if (!live) this.hls.config.startPosition = 0;
      this.hls.on(Hls.Events.ERROR, (_, { fatal, type, details, response }) => {
        if (response?.code === FORBIDDEN) this.link.refused();
        this.error(fatal, type, details);
      });
      this.hls.loadSource(this.url);
      this.hls.attachMedia(this.video);
    } else {
      this.video.src = this.url;
    }
    void this.play();
    setInterval(() => this.look(), LOOK_MS);
  }

  /** Another playlist of the same recording, from its beginning; "" for the one that everybody sees. */
  open(path: string): void {
    this.path = path;
    this.following = false;
    if (this.hls) this.hls.loadSource(this.url);
    else this.video.src = this.url;
    if (this.hls) this.hls.once(Hls.Events.MANIFEST_PARSED, () => this.hls?.startLoad(0));
  }

  private get url(): string {
    return this.path ? this.link.url.replace(MASTER, this.path) : this.link.url;
  }

  /** The browser's own player keeps the link it was given: with a new one it begins again where it was. */
  private async reopen(): Promise<void> {
    const { video } = this;
    const [at, live, playing] = [video.currentTime, this.live, this.wanted];
    const url = await this.link.fresh(this.url);
    if (url === video.src) return;
    video.src = url;
    if (!live) video.currentTime = at; // before the metadata is there: where to begin (HTML, default playback start)
    if (playing) await this.play();
  }

  /** Whether the playlist still grows. */
  get live(): boolean {
    if (this.hls) return (this.wasLive = this.hls.latestLevelDetails?.live ?? this.wasLive);
    return this.video.duration === Infinity;
  }

  /** Seconds behind the newest moment that could be seen. */
  latency(): number {
    if (this.hls) return this.hls.latency;
    const { seekable } = this.video;
    return seekable.length ? seekable.end(seekable.length - 1) - this.video.currentTime : 0;
  }

  /** The newest moment that one can go to, on the player's clock. */
  edge(): number {
    const { currentTime, seekable } = this.video;
    const edge = this.hls?.latestLevelDetails?.edge ?? endOf(seekable);
    return Number.isFinite(edge) ? Math.max(edge, currentTime) : currentTime;
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
    video.addEventListener("playing", () => this.playing());
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
    this.waitingSince = now();
  }

  private playing(): void {
    this.startedAt ||= now();
    const waited = now() - this.waitingSince;
    const early = this.waitingSince - this.startedAt < FORGIVEN_S;
    this.waitingSince = NaN;
    if (this.following && !this.quiet && !early && waited < GAP_S) this.controller.stalled(now());
  }

  private sought(): void {
    const { currentTime } = this.video;
    const own = Math.abs(currentTime - this.ownTarget) < 0.3 || Math.abs(currentTime - this.lastTime) < NUDGE_S;
    this.ownTarget = NaN;
    this.lastTime = currentTime;
    if (own || !this.live || !this.startedAt) return;
    this.following = this.behind() < BEHIND_S;
    if (!this.following) this.steady();
  }

  /** Seconds from the picture to the end of the playlist as it is known. */
  private behind(): number {
    const edge = this.hls?.latestLevelDetails?.edge ?? endOf(this.video.seekable);
    return Number.isFinite(edge) ? edge - this.video.currentTime : 0;
  }

  private seek(position: number): void {
    this.ownTarget = position;
    this.video.currentTime = position;
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
    if (!this.hls && this.link.due) void this.reopen();
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
    this.lastTime = video.currentTime;
    const cure = this.watchdog.look({ ...seen, latency: this.behind(), playing: seen.playing && !this.quiet });
    if (cure === "seek") this.seekToLive();
    if (cure === "reload") this.hls?.startLoad(this.following ? -1 : video.currentTime);
    if (!this.following || !seen.playing || this.quiet || !this.hls) return;
    if (now() - this.startedAt < WARM_UP_S && this.leaps < MOST_LEAPS) this.leap(this.controller.leap(seen));
    const rate = this.controller.update(seen);
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  private seekToLive(): void {
    const position = this.video.currentTime + this.behind() - this.controller.target;
    if (!Number.isFinite(position) || Math.abs(position - this.video.currentTime) < 0.1) return;
    this.seek(Math.max(0, position));
  }

  /** In the first seconds a jump is not noticed; later only the rate changes. */
  private leap(seconds: number): void {
    if (seconds === 0) return;
    this.leaps += 1;
    this.seek(this.video.currentTime + seconds);
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
