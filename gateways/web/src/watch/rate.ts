/**
 * How fast to play to stay a chosen time behind the live edge. Pure; seconds, and `now` in seconds of any clock.
 *
 * Each change of rate costs about 11 ms of media, so the band in which nothing happens is wide and a change, once
 * made, is kept until the target is met. After a stall, or when few frames come, the target is further back; it comes
 * nearer again after a quiet time.
 */

export interface Seen {
  now: number;
  /** How far behind the live edge the picture is. */
  latency: number;
  /** How much is buffered ahead of the picture. */
  ahead: number;
  /** Frames shown per second lately; null when unknown. */
  framesPerSecond: number | null;
}

export const NEAR_S = 0.8;
export const SAFE_S = 1.5;
const FURTHEST_S = 4;
const STALL_STEP_S = 0.7;
const QUIET_S = 15; // without a stall, then one step nearer; twice as long after each relapse
const LONGEST_QUIET_S = 240;
const FEW_FRAMES = 6;
const BAND_S = 0.22;
const HURRY_S = 1.2;
const CLOSE_S = 0.5; // the last bit slowly: the buffer is thin there
const LEAST_AHEAD_S = 0.08;
const SETTLED_S = 0.04;
const LEAP_LEAVES_S = 0.35;

export class RateController {
  rate = 1;
  changes = 0;
  private pushedBack = 0; // how often a stall has moved the target
  private quietSince = 0;
  private quietFor = QUIET_S / 2;
  private few = false;

  get target(): number {
    const stalls = this.pushedBack === 0 ? NEAR_S : SAFE_S + (this.pushedBack - 1) * STALL_STEP_S;
    return Math.min(FURTHEST_S, Math.max(stalls, this.few ? SAFE_S : NEAR_S));
  }

  /** Playback stood still for want of media. */
  stalled(now: number): void {
    this.pushedBack = Math.min(this.pushedBack + 1, 5);
    this.quietSince = now;
    this.quietFor = Math.min(LONGEST_QUIET_S, this.quietFor * 2);
    this.set(1);
  }

  /** The rate to play at from now on. */
  update({ now, latency, ahead, framesPerSecond }: Seen): number {
    if (framesPerSecond !== null) this.few = this.few ? framesPerSecond < FEW_FRAMES * 1.5 : framesPerSecond < FEW_FRAMES;
    if (this.pushedBack > 0 && now - this.quietSince > this.quietFor) {
      this.pushedBack -= 1;
      this.quietSince = now;
    }
    const late = latency - this.target;
    if (this.rate > 1) {
      if (late <= SETTLED_S || ahead < LEAST_AHEAD_S) this.set(1);
      else this.set(late > HURRY_S ? 1.2 : late < CLOSE_S ? 1.07 : this.rate);
    } else if (this.rate < 1) {
      if (late >= -SETTLED_S) this.set(1);
    } else if (late > HURRY_S && ahead > 0.5) this.set(1.2);
    else if (late > BAND_S && ahead > LEAST_AHEAD_S * 2) this.set(1.07);
    else if (late < -BAND_S) this.set(0.93);
    return this.rate;
  }

  /** How far to jump right after the start, when more has been loaded than needed; 0 for not worth it. */
  leap({ latency, ahead }: Pick<Seen, "latency" | "ahead">): number {
    const late = latency - this.target;
    return late > BAND_S * 2 && ahead - late > LEAP_LEAVES_S ? late : 0;
  }

  /** Play on as the person wishes. */
  reset(): void {
    this.set(1);
  }

  private set(rate: number): void {
    if (rate !== this.rate) this.changes += 1;
    this.rate = rate;
  }
}
