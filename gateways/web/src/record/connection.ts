/**
 * A source that stays connected: when a session is lost, another goes on in the same recording. A session that is only
 * silent goes on sending until the other stands: a server that has stalled takes what was sent meanwhile.
 */

import { Problem } from "../common/api";
import { sentence } from "../common/dom";
import { every } from "../common/ticker";
import { Health, sampleOf, type Verdict } from "./health";
import { type Outgoing, WhipSession } from "./whip";

export interface Events {
  /** Media flows (again). */
  connected(): void;
  /** It does not, since `at` (performance.now()); another try is coming. */
  lost(at: number, why: string): void;
  /** It was only silence: everything since `at` has been heard. */
  recovered(at: number): void;
  /** The recording takes no source any more: it was stopped or deleted. */
  over(why: string): void;
  measured(verdict: Verdict, health: Health): void;
}

const LOOK_MS = 300;
const BACK_OFF_MS = [300, 400, 500, 500, 700, 1_000, 2_000, 4_000, 5_000]; // a killed gateway is back in 1 to 3 s
const OVER = new Set([401, 403, 404, 409, 410]);

export class Connection {
  private session: WhipSession | null = null;
  private next: WhipSession | null = null;
  /** Since when the session is silent, while another is being made. */
  private silentSince: number | null = null;
  private health = new Health(0);
  private tries = 0;
  private timer = 0;
  private closed = false;
  private looking = false;
  private readonly stopLooking: () => void;

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly outgoing: () => Outgoing,
    private readonly events: Events,
  ) {
    this.stopLooking = every(LOOK_MS, () => void this.look());
  }

  /** Connect; from then on it is our business to stay so. */
  async open(): Promise<void> {
    clearTimeout(this.timer);
    if (this.closed) return;
    const session = new WhipSession(this.url, this.token, this.outgoing());
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
    this.events.connected();
  }

  /** The network is back, says the browser: do not wait for the timer. */
  hurry(): void {
    if (!this.next && this.tries > 0) void this.open();
  }

  async close(): Promise<void> {
    this.shut();
    const { session } = this;
    this.session = null;
    session?.hush();
    await session?.close();
  }

  private shut(): void {
    this.closed = true;
    this.stopLooking();
    this.callOff();
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
      this.events.measured(verdict, this.health);
      if (verdict === "lost") this.doubt(this.health.heardAt, "The server has stopped answering.");
      else if (this.silentSince !== null && this.health.heardAt > this.silentSince) this.trust(this.silentSince);
    } finally {
      this.looking = false;
    }
  }

  private doubt(at: number, why: string): void {
    if (this.silentSince !== null || this.closed) return;
    this.silentSince = at;
    this.events.lost(at, why);
    void this.open();
  }

  private trust(since: number): void {
    this.silentSince = null;
    this.callOff();
    this.events.recovered(since);
  }

  private failed(error: unknown): void {
    this.next = null;
    if (error instanceof Problem && OVER.has(error.status)) {
      this.shut();
      this.events.over(error.message);
      return;
    }
    const wait = BACK_OFF_MS[Math.min(this.tries, BACK_OFF_MS.length - 1)]!;
    this.tries += 1;
    this.events.lost(this.silentSince ?? performance.now(), sentence(error));
    this.timer = window.setTimeout(() => void this.open(), wait);
  }
}
