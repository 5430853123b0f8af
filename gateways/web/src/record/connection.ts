/** A source that stays connected: when a session is lost, another goes on in the same recording. */

import { Problem } from "../common/api";
import { sentence } from "../common/dom";
import { every } from "../common/ticker";
import { Health, sampleOf, type Verdict } from "./health";
import { type Outgoing, WhipSession } from "./whip";

export interface Events {
  /** Media flows (again). */
  connected(): void;
  /** It does not, since `at` (performance.now()); the next try comes in `againInMs`. */
  lost(at: number, why: string, againInMs: number): void;
  /** The recording takes no source any more: it was stopped or deleted. */
  over(why: string): void;
  measured(verdict: Verdict, health: Health): void;
}

const LOOK_MS = 300;
const BACK_OFF_MS = [300, 400, 500, 500, 700, 1_000, 2_000, 4_000, 5_000]; // a killed gateway is back in 1 to 3 s
const OVER = new Set([401, 403, 404, 409, 410]);

export class Connection {
  private session: WhipSession | null = null;
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
    this.session = session;
    try {
      await session.connect();
    } catch (error) {
      void session.close();
      if (this.session === session) this.failed(error);
      return;
    }
    if (this.closed || this.session !== session) return void session.close();
    this.health = new Health(performance.now());
    this.tries = 0;
    session.peer.addEventListener("connectionstatechange", () => this.stateChanged(session));
    this.events.connected();
  }

  /** The network is back, says the browser: do not wait for the timer. */
  hurry(): void {
    if (!this.session && this.tries > 0) void this.open();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.stopLooking();
    const session = this.session;
    this.session = null;
    session?.hush();
    await session?.close();
  }

  private stateChanged(session: WhipSession): void {
    const state = session.peer.connectionState;
    if (session === this.session && (state === "failed" || state === "closed" || state === "disconnected"))
      this.drop(performance.now(), "The connection was lost.");
  }

  private async look(): Promise<void> {
    const session = this.session;
    if (!session || this.looking || session.peer.connectionState !== "connected") return;
    this.looking = true;
    try {
      const report = await session.peer.getStats();
      if (session !== this.session) return;
      const verdict = this.health.judge(sampleOf(report as unknown as Map<string, never>), performance.now());
      this.events.measured(verdict, this.health);
      if (verdict === "lost") this.drop(this.health.heardAt, "The server has stopped answering.");
    } finally {
      this.looking = false;
    }
  }

  private drop(at: number, why: string): void {
    const session = this.session;
    this.session = null;
    void session?.close();
    this.again(at, why, 0);
  }

  private failed(error: unknown): void {
    this.session = null;
    if (error instanceof Problem && OVER.has(error.status)) {
      this.closed = true;
      this.stopLooking();
      this.events.over(error.message);
      return;
    }
    const wait = BACK_OFF_MS[Math.min(this.tries, BACK_OFF_MS.length - 1)]!;
    this.tries += 1;
    this.again(performance.now(), sentence(error), wait);
  }

  private again(at: number, why: string, wait: number): void {
    if (this.closed) return;
    this.events.lost(at, why, wait);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.open(), wait);
  }
}
