/**
 * When was it captured? Tracks have clocks of their own, so each is laid beside ours by the shortest way that a sample
 * of it took: what is late now does not move what was captured. Owns no clock: every call brings the time.
 */

const SLACKENING = 1e-3; // of the time that passes: follows clocks that drift apart
const BACKWARDS_US = 500_000; // less than before is another clock
const STANDS_US = 2_000_000; // later than usual by so much,
const PATIENCE_US = 10_000_000; // for so long: the clock stood still for a while; a busy machine is late for less

export class CaptureClock {
  private offset: number | null = null;
  private last = -Infinity;
  private seenAt = 0;
  private late: { since: number; least: number } | null = null;

  /** A sample of time `us` (its own clock) is here at `nowUs` (ours). */
  see(us: number, nowUs: number): void {
    const offset = nowUs - us;
    if (this.offset === null || us < this.last - BACKWARDS_US || this.hasStood(offset, nowUs)) {
      this.offset = this.late ? Math.min(offset, this.late.least) : offset;
      this.late = null;
    } else this.offset = Math.min(offset, this.offset + SLACKENING * (nowUs - this.seenAt));
    this.last = us;
    this.seenAt = nowUs;
  }

  /** Our time of it. */
  at(us: number): number {
    return us + (this.offset ?? 0);
  }

  private hasStood(offset: number, nowUs: number): boolean {
    if (offset - (this.offset ?? 0) < STANDS_US) this.late = null;
    else {
      this.late ??= { since: nowUs, least: offset };
      this.late.least = Math.min(this.late.least, offset);
    }
    return this.late !== null && nowUs - this.late.since > PATIENCE_US;
  }
}

/** Timestamps of 32 bits that go round, as growing numbers. */
export class Unwrapper {
  private last: number | null = null;
  private rounds = 0;

  unwrap(timestamp: number): number {
    if (this.last !== null) {
      if (timestamp - this.last < -(2 ** 31)) this.rounds += 1;
      if (timestamp - this.last > 2 ** 31) this.rounds -= 1;
    }
    this.last = timestamp;
    return timestamp + this.rounds * 2 ** 32;
  }
}
