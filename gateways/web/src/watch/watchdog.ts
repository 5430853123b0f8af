/**
 * Is the player stuck? After some stalls at segment borders hls.js stops fetching parts; then a seek to the live
 * position helps. Pure; seconds.
 */

export interface Look {
  now: number;
  time: number; // currentTime
  latency: number; // to the end of the playlist as it is known
  playing: boolean; // meant to move: not paused, not ended, not scrubbing
  following: boolean; // wants to be live; who scrubbed back is left alone
}

export type Cure = "none" | "seek" | "reload";

const STUCK_S = 1.2;
const BETWEEN_S = 2.5;
const FAR_S = 5;
const STUCK_LONG_S = 8; // perhaps nothing is loaded any more: asking again does no harm

export class Watchdog {
  private time = -1;
  private movedAt = -Infinity;
  private curedAt = -Infinity;
  private cures = 0;

  look({ now, time, latency, playing, following }: Look): Cure {
    if (!playing || this.movedAt === -Infinity || Math.abs(time - this.time) > 0.01) {
      if (playing && now - this.curedAt > BETWEEN_S * 2) this.cures = 0;
      this.movedAt = now;
      this.time = time;
    }
    if (!playing || now - this.curedAt < BETWEEN_S) return "none";
    const still = now - this.movedAt;
    if (following && still > STUCK_S && latency > 1) return this.cure(now, this.cures % 2 === 0 ? "seek" : "reload");
    if (still > STUCK_LONG_S) return this.cure(now, "reload");
    return following && latency > FAR_S ? this.cure(now, "seek") : "none";
  }

  private cure(now: number, what: Cure): Cure {
    this.curedAt = now;
    this.cures += 1;
    return what;
  }
}
