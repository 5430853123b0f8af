/**
 * The signed link to a recording's media (`/s/{token}/hls/{id}/…`). It ends after some hours; who watches for longer, or
 * comes back to a page that slept, goes on under a new one without noticing.
 */

import type { Recording } from "../common/api";

export type Linked = Pick<Recording, "hls_url" | "links_expire_at">;

const MARGIN_MS = 60_000;
const AGAIN_MS = 3_000;
const SIGNED = /^.*?\/s\/[^/]+\/hls\/([^/]+)\//;

export class Link {
  /** The multivariant playlist; empty until the recording is known. */
  url = "";
  private dueAt = Infinity;
  private askedAt = -Infinity;
  private asking: Promise<void> | null = null;

  constructor(
    private readonly ask: () => Promise<Linked>,
    private readonly now: () => number = Date.now,
  ) {}

  /** What the server says now. One that has ended already speaks of a wrong clock here: then a refusal decides. */
  take({ hls_url, links_expire_at }: Linked): void {
    const left = Date.parse(links_expire_at) - this.now();
    this.url = hls_url;
    this.dueAt = left > 0 ? this.now() + left - Math.min(MARGIN_MS, left / 4) : Infinity;
  }

  get due(): boolean {
    return this.now() >= this.dueAt;
  }

  /** It is no longer let in. */
  refused(): void {
    this.dueAt = -Infinity;
  }

  /** An address of this recording's media under the newest link; others stay as they are. */
  async fresh(url: string): Promise<string> {
    if (this.due) await this.renew();
    const here = SIGNED.exec(this.url);
    const there = SIGNED.exec(url);
    return here && there && here[1] === there[1] ? here[0] + url.slice(there[0].length) : url;
  }

  /** Ask for a new one, all who wait at once and not too often; without an answer the old one is tried. */
  private async renew(): Promise<void> {
    if (!this.asking && this.now() - this.askedAt < AGAIN_MS) return;
    this.askedAt = this.now();
    this.asking ??= this.ask().then(
      (said) => this.take(said),
      () => undefined,
    );
    await this.asking;
    this.asking = null;
  }
}
