/** The recorded time so far, in ms: runs while recording, stands still in pauses and while the connection is lost. */
export class Elapsed {
  private before: number;
  private since: number | null = null;

  constructor(before = 0) {
    this.before = before;
  }

  run(now: number): void {
    this.since ??= now;
  }

  /** Stop at `now`, which may lie a little back: a lost connection is noticed late. */
  hold(now: number): void {
    if (this.since === null) return;
    this.before += Math.max(0, now - this.since);
    this.since = null;
  }

  at(now: number): number {
    return this.before + (this.since === null ? 0 : Math.max(0, now - this.since));
  }
}
