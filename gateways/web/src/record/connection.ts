/**
 * A source that stays connected, and loses nothing where the browser can help it: what is captured is encoded or copied
 * here from the first moment on (`uplink`). Over WebRTC where it comes through within four seconds, over the web port
 * otherwise, and from where the server's log ends when WebRTC was lost. A session that is only silent goes on sending
 * until the other stands: a server that has stalled takes what was sent meanwhile.
 *
 * Where the browser cannot encode by itself, another WebRTC session goes on in the same recording.
 */

import { Problem } from "../common/api";
import { sentence } from "../common/dom";
import { every } from "../common/ticker";
import { Health, sampleOf, type Verdict } from "./health";
import type { Kept } from "./kept";
import { Uplink } from "./uplink";
import type { Measured } from "./uplink/orders";
import { type Outgoing, WhipSession } from "./whip";

export type Way = "webrtc" | "web";

export interface Rate {
  bitrate: number;
  framesPerSecond: number;
}

export interface Events {
  /** Media flows (again); the recording has everything since `since` (performance.now()), if it is given. */
  connected(way: Way, since?: number): void;
  /** It does not, since `at`; another try is coming. `kept`: what is captured meanwhile will be sent. */
  lost(at: number, why: string, kept: boolean): void;
  /** It was only silence: everything since `at` has been heard. */
  recovered(at: number): void;
  /** The recording takes no source any more: it was stopped or deleted. */
  over(why: string): void;
  /** `behindS` seconds of media wait here; `hasHoles`: there was no more room for some. */
  measured(verdict: Verdict, rate: Rate, behindS: number, hasHoles: boolean): void;
  clock(offsetUs: number): void;
}

const LOOK_MS = 300;
const POOR_BEHIND_S = 4;
const ENCODE_AGAIN_MS = 1_000;
const BACK_OFF_MS = [300, 400, 500, 500, 700, 1_000, 2_000, 4_000, 5_000]; // a killed gateway is back in 1 to 3 s
const OVER = new Set([401, 403, 404, 409, 410]);

export class Connection {
  private readonly uplink: Uplink | null;
  /** Whether the uplink can take the place of WebRTC. */
  private canKeep = false;
  private way: Way = "webrtc";
  private session: WhipSession | null = null;
  private next: WhipSession | null = null;
  /** Since when the session is silent, while another way is being made. */
  private silentSince: number | null = null;
  private beganAt = 0;
  private hasBegun = false;
  private health = new Health(0);
  private tries = 0;
  private timer = 0;
  private closed = false;
  private looking = false;
  private finishing: (() => void) | null = null;
  private readonly stopLooking: () => void;

  constructor(
    made: Kept,
    private readonly outgoing: () => Outgoing,
    private readonly events: Events,
  ) {
    this.url = new URL(made.whip_url, location.href).href;
    this.token = made.whip_token;
    this.uplink = Uplink.possible ? new Uplink(made, this.told()) : null;
    this.stopLooking = every(LOOK_MS, () => void this.look());
  }

  private readonly url: string;
  private readonly token: string;

  /** Connect; from then on it is our business to stay so. */
  async open(): Promise<void> {
    const opened = await this.uplink?.opened;
    if (this.closed) return;
    this.canKeep = opened?.encodes ?? false;
    if (this.canKeep) {
      this.beganAt = performance.now();
      this.uplink?.encode(this.outgoing());
      if (opened?.backlogS) return this.overWeb();
    }
    await this.overWebRtc();
  }

  /** The network is back, says the browser: do not wait for the timer. */
  hurry(): void {
    if (this.way === "web" || this.silentSince !== null) this.uplink?.order({ kind: "hurry" });
    if (!this.canKeep && !this.next && this.tries > 0) void this.overWebRtc();
  }

  /** Nothing that is captured in between is recorded. */
  pause(paused: boolean): void {
    this.uplink?.order({ kind: "pause", paused });
  }

  /** Send nothing from now on; resolves when all that was captured has arrived, or nobody takes it any more. */
  async close(): Promise<void> {
    const { session } = this;
    const isSilent = this.silentSince !== null;
    this.session = null;
    session?.hush();
    const isComplete = (await session?.close()) && !isSilent;
    if (this.canKeep && !isComplete && !this.closed)
      await Promise.race([this.uplink?.finish(), new Promise<void>((resolve) => (this.finishing = resolve))]);
    this.shut();
    await this.uplink?.close(true);
  }

  private shut(): void {
    this.closed = true;
    this.stopLooking();
    this.callOff();
    this.finishing?.();
  }

  // --- WebRTC ---

  private async overWebRtc(): Promise<void> {
    clearTimeout(this.timer);
    if (this.closed) return;
    const session = new WhipSession(this.url, this.token, this.outgoing());
    if (this.canKeep) this.uplink?.watch(session.peer);
    this.next = session;
    try {
      await session.connect();
    } catch (error) {
      void session.close();
      if (this.next === session) this.failed(error);
      return;
    }
    if (this.next !== session) return void session.close();
    void this.session?.close();
    [this.session, this.next, this.silentSince, this.tries] = [session, null, null, 0];
    this.health = new Health(performance.now());
    session.peer.addEventListener("connectionstatechange", () => this.stateChanged(session));
    this.uplink?.follow();
    this.uplink?.order({ kind: "trust" });
    this.hasBegun = true;
    this.events.connected("webrtc");
  }

  private callOff(): void {
    clearTimeout(this.timer);
    void this.next?.close();
    [this.next, this.tries] = [null, 0];
  }

  private stateChanged(session: WhipSession): void {
    if (session !== this.session) return;
    const state = session.peer.connectionState;
    if (state === "disconnected") this.doubt(performance.now(), "The connection was lost.");
    if (state !== "failed" && state !== "closed") return;
    this.session = null;
    void session.close();
    this.doubt(performance.now(), "The connection was lost.");
  }

  private async look(): Promise<void> {
    const session = this.session;
    if (!session || this.looking) return;
    this.looking = true;
    try {
      const report = await session.peer.getStats();
      if (session !== this.session) return;
      const verdict = this.health.judge(sampleOf(report as unknown as Map<string, never>), performance.now());
      if (this.way === "webrtc") this.events.measured(verdict, this.health, 0, false);
      if (verdict === "lost") this.doubt(this.health.heardAt, "The server has stopped answering.");
      else if (this.silentSince !== null && this.health.heardAt > this.silentSince) this.trust(this.silentSince);
    } finally {
      this.looking = false;
    }
  }

  private doubt(at: number, why: string): void {
    if (this.silentSince !== null || this.closed) return;
    this.silentSince = at;
    this.events.lost(at, why, this.canKeep);
    if (!this.canKeep) return void this.overWebRtc();
    this.uplink?.order({ kind: "doubt", sinceUs: (performance.timeOrigin + at) * 1000 });
    this.uplink?.encode(this.outgoing());
    this.uplink?.order({ kind: "connect", patient: this.session !== null });
  }

  private trust(since: number): void {
    this.callOff();
    if (this.canKeep) this.uplink?.order({ kind: "callOff" });
    else this.recovered(since);
  }

  private recovered(since: number): void {
    this.silentSince = null;
    this.uplink?.follow();
    this.uplink?.order({ kind: "trust" });
    this.events.recovered(since);
  }

  private failed(error: unknown): void {
    this.next = null;
    if (error instanceof Problem && OVER.has(error.status)) return this.over(error.message);
    if (this.canKeep) return this.overWeb();
    const wait = BACK_OFF_MS[Math.min(this.tries, BACK_OFF_MS.length - 1)]!;
    this.tries += 1;
    this.events.lost(this.silentSince ?? performance.now(), sentence(error), false);
    this.timer = window.setTimeout(() => void this.overWebRtc(), wait);
  }

  // --- the web port ---

  private overWeb(): void {
    this.way = "web";
    this.uplink?.order({ kind: "connect", patient: false });
  }

  private told(): ConstructorParameters<typeof Uplink>[1] {
    return {
      connected: () => {
        const { session } = this;
        const since = this.hasBegun ? undefined : this.beganAt;
        this.hasBegun = true;
        [this.way, this.session, this.silentSince] = ["web", null, null];
        void session?.close();
        if (!this.closed) this.events.connected("web", since);
      },
      calledOff: () => {
        if (this.silentSince !== null && this.session) this.recovered(this.silentSince);
      },
      lost: (why) => {
        if (this.way === "web" && !this.closed) this.events.lost(performance.now(), why, true);
      },
      over: (why) => this.over(why),
      failed: (why) => {
        if (this.closed || (this.way !== "web" && this.silentSince === null)) return;
        this.events.lost(performance.now(), why, false);
        setTimeout(() => this.closed || this.uplink?.encode(this.outgoing()), ENCODE_AGAIN_MS);
      },
      measured: (measured) => this.measured(measured),
      clock: (offsetUs) => this.events.clock(offsetUs),
    };
  }

  private measured({ bitrate, framesPerSecond, behindS, hasHoles }: Measured): void {
    if (this.way !== "web" && this.silentSince === null) return;
    const verdict = behindS > POOR_BEHIND_S ? "poor" : "good";
    this.events.measured(verdict, { bitrate, framesPerSecond }, behindS, hasHoles);
  }

  private over(why: string): void {
    if (this.closed) return;
    this.shut();
    void this.uplink?.close(true);
    this.events.over(why);
  }
}
