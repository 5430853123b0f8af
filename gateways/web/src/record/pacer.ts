/**
 * When is a frame due? At most 30 a second while something moves, at least 10 on a still screen, so that no part of
 * the recording waits for a picture. Owns no clock: every call brings the time in ms.
 */
export class Pacer {
  /** When the last frame was due, on an even grid: a better time stamp than the moment it happened to be sent. */
  last = -Infinity;
  private waiting = false;

  constructor(
    private readonly shortestMs = 1000 / 30,
    private readonly longestMs = 95, // timers come up to 5 ms late
  ) {}

  /** A new picture has come. Whether it is to be sent now; otherwise the next tick sends it. */
  arrived(now: number): boolean {
    this.waiting = true;
    return this.due(now);
  }

  /** Some time has passed. Whether the latest picture is to be sent (again). */
  ticked(now: number): boolean {
    return this.due(now);
  }

  private due(now: number): boolean {
    const since = now - this.last;
    const due = this.waiting ? since >= this.shortestMs * 0.85 : since >= this.longestMs;
    if (!due) return false;
    // A late frame does not make the next one late: keep the cadence, unless it was lost.
    this.last = since < this.shortestMs * 2 ? Math.max(this.last + this.shortestMs, now - this.shortestMs / 2) : now;
    this.waiting = false;
    return true;
  }
}
