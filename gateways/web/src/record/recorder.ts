/** One recording from its start to its stop, whatever happens to the connection. */

import * as api from "../common/api";
import { sentence } from "../common/dom";
import { listen, type Source } from "../common/events";
import { Connection, type Rate, type Way } from "./connection";
import { Elapsed } from "./elapsed";
import type { Verdict } from "./health";
import type { Inputs } from "./inputs";
import { forget, keep, type Kept } from "./kept";

export type Phase = "connecting" | "recording" | "paused" | "kept" | "reconnecting" | "stopping" | "stopped" | "over";

export interface Told {
  phase(phase: Phase, why: string): void;
  /** How many are watching; null while nobody knows. */
  watched(count: number | null): void;
}

const STOP_PAUSES_MS = [300, 700, 1_500, 3_000, 5_000];

export class Recorder {
  phase: Phase = "connecting";
  verdict: Verdict = "good";
  rate: Rate | null = null;
  way: Way = "webrtc";
  /** Seconds of media that wait here to be sent. */
  behindS = 0;
  hasHoles = false;
  source: Source | null = null;
  readonly elapsed: Elapsed;
  private wantsPause = false;
  private readonly connection: Connection;
  private readonly stopListening: () => void;

  constructor(
    private readonly made: Kept,
    private readonly inputs: Inputs,
    private readonly told: Told,
  ) {
    this.elapsed = new Elapsed(made.elapsedMs);
    this.connection = new Connection(made, () => inputs.outgoing(), {
      connected: (way, since) => {
        this.way = way;
        this.connected(since);
      },
      lost: (at, why, kept) => this.lost(at, why, kept),
      recovered: (at) => this.connected(at),
      over: (why) => this.over(why),
      measured: (verdict, rate, behindS, hasHoles) => {
        Object.assign(this, { verdict, rate, behindS, hasHoles });
        if (this.phase === "stopping" && behindS >= 1) this.told.phase(this.phase, `${Math.ceil(behindS)} s are still being sent…`);
      },
      clock: (offsetUs) => {
        made.offsetUs = offsetUs;
        this.remember();
      },
    });
    this.stopListening = listen(made.id, {
      status: ({ status }) => {
        if (!api.isLive(status) && this.live) this.over("This recording has been ended from elsewhere.");
      },
      source: (source) => (this.source = source),
      watched: (count) => told.watched(count),
    });
    window.addEventListener("online", this.hurry);
  }

  get live(): boolean {
    return this.phase !== "stopping" && this.phase !== "stopped" && this.phase !== "over";
  }

  async open(): Promise<void> {
    await this.connection.open();
  }

  /** Raises Problem when the server refuses; then nothing has changed. */
  async pause(): Promise<void> {
    this.inputs.freeze(true); // what follows is nobody's business, from now on
    try {
      await api.control(this.made.id, "pause");
    } catch (error) {
      this.inputs.freeze(false);
      throw error;
    }
    this.wantsPause = true;
    this.connection.pause(true);
    this.elapsed.hold(performance.now());
    if (this.phase === "recording") this.become("paused");
  }

  async resume(): Promise<void> {
    this.inputs.freeze(false);
    try {
      await api.control(this.made.id, "resume");
    } catch (error) {
      this.inputs.freeze(true);
      throw error;
    }
    this.wantsPause = false;
    this.connection.pause(false);
    if (this.phase === "paused") {
      this.elapsed.run(performance.now());
      this.become("recording");
    }
  }

  /** Leave, then say stop until it was heard. */
  async stop(): Promise<void> {
    this.elapsed.hold(performance.now());
    this.become("stopping");
    await this.connection.close();
    for (let tries = 0; ; tries += 1) {
      try {
        await api.control(this.made.id, "stop");
        break;
      } catch (error) {
        if (error instanceof api.Problem && !error.passing) break; // ended or deleted already
        this.told.phase(this.phase, `${sentence(error)} Trying again…`);
        await pause(STOP_PAUSES_MS[Math.min(tries, STOP_PAUSES_MS.length - 1)]!);
      }
    }
    this.end("stopped", "");
  }

  /** For the next visit, should this one end without a word. */
  remember(): void {
    if (this.live) keep({ ...this.made, elapsedMs: this.elapsed.at(performance.now()) });
  }

  private readonly hurry = (): void => this.connection.hurry();

  private connected(since = performance.now()): void {
    if (!this.live) return;
    if (!this.wantsPause) this.elapsed.run(since);
    this.become(this.wantsPause ? "paused" : "recording");
  }

  private lost(at: number, why: string, kept: boolean): void {
    if (!this.live) return;
    if (this.wantsPause) return; // nothing is captured, nothing is missed
    if (!kept) this.elapsed.hold(at);
    if (kept && this.phase !== "connecting") this.elapsed.run(at);
    this.become(this.phase === "connecting" ? "connecting" : kept ? "kept" : "reconnecting", why);
  }

  private over(why: string): void {
    if (!this.live) return;
    this.elapsed.hold(performance.now());
    void this.connection.close();
    this.end("over", why);
  }

  private end(phase: Phase, why: string): void {
    forget();
    this.stopListening();
    window.removeEventListener("online", this.hurry);
    this.become(phase, why);
  }

  private become(phase: Phase, why = ""): void {
    this.phase = phase;
    this.told.phase(phase, why);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
