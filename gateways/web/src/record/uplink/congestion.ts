/**
 * How many bits a second? Nothing that was encoded is thrown away, so a line that is too thin shows as media that waits.
 * While that does not become less, fewer bits are made; when it has been little for a while, more.
 */

const TOO_FAR_BEHIND_S = 1;
const CATCHES_UP = 0.2; // seconds a second: then the line carries more than is made
const LITTLE_S = 0.4;
const PATIENCE_S = 5;
const LESS = 0.7;
const MORE = 1.15;
const LEAST = 250_000;

export class Congestion {
  bitrate: number;
  private before: { at: number; behind: number } | null = null;
  private goodSince: number | null = null;

  constructor(private most: number) {
    this.bitrate = most;
  }

  /** Asked once a second: `behindS` of media wait at `nowS`. */
  look(behindS: number, nowS: number): number {
    const { before } = this;
    this.before = { at: nowS, behind: behindS };
    if (!before || nowS <= before.at) return this.bitrate;
    const gains = (before.behind - behindS) / (nowS - before.at);
    if (behindS > TOO_FAR_BEHIND_S && gains < CATCHES_UP) {
      this.bitrate = Math.max(LEAST, this.bitrate * LESS);
      this.goodSince = null;
    } else if (behindS <= LITTLE_S) {
      this.goodSince ??= nowS;
      if (nowS - this.goodSince >= PATIENCE_S) {
        this.bitrate = Math.min(this.most, this.bitrate * MORE);
        this.goodSince = nowS;
      }
    } else this.goodSince = null;
    return this.bitrate;
  }

  /** Another size, another limit. */
  limit(most: number): void {
    this.bitrate = Math.min(most, (this.bitrate * most) / this.most);
    this.most = most;
  }
}
