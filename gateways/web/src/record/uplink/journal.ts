/**
 * The page's own copy of what it has captured, until the server has it: messages in the order in which they were made.
 *
 * A message is known by its number, which never changes. What is kept begins with a key frame. Times are by this
 * computer's clock; `offsetUs` leads to the server's, once it is known.
 */

import { type Digest, digest } from "./annex_b";
import type { Place, Store } from "./store";
import { AUDIO, BREAK, read, type Sample, VIDEO, written } from "./wire";

export interface LastFrame extends Digest {
  at_us: number;
}

/** Where to go on: the number of the first message to send, and when the log's last frame was captured. */
export interface Seam {
  from: number;
  afterUs: number | null;
}

interface Entry extends Digest {
  place: Place;
  type: Sample["type"];
  key: boolean;
  atUs: number;
  /** Another has taken its place. */
  isGone: boolean;
}

interface Witness extends Digest {
  atUs: number;
}

export const MOST_BYTES = 512 << 20; // 25 minutes of 2.5 Mbit/s
const OVERLAP_US = 1_000_000; // sound and picture are not quite in order
const NEAR_US = 3_000_000; // frames of a still screen may be the same: the right one was captured about then
const LEAST_STEP_US: Record<number, number> = { [VIDEO]: 100, [AUDIO]: 10_000, [BREAK]: 0 };
const NOTHING: Digest = { size: 0, crc32: 0 };

export class Journal {
  /** Something had to be let go before it was stored. */
  hasHoles = false;
  private entries: Entry[] = [];
  private first = 0;
  private witnesses: Witness[] = [];
  private readonly latest: Record<number, number> = { [VIDEO]: -Infinity, [AUDIO]: -Infinity, [BREAK]: -Infinity };

  constructor(
    private readonly store: Store,
    private readonly mostBytes = MOST_BYTES,
  ) {
    for (const { place, message } of store.recovered()) {
      const sample = read(message);
      if (sample) this.keep(sample, place);
    }
    this.trim(-Infinity);
  }

  /** The number behind the last message. */
  get end(): number {
    return this.first + this.entries.length;
  }

  get begin(): number {
    return this.first;
  }

  /** When the newest picture or sound was captured; -Infinity when there is none. */
  get newestUs(): number {
    return Math.max(this.latest[VIDEO]!, this.latest[AUDIO]!);
  }

  /** The number of the first message that was captured since then. */
  since(us: number): number {
    return this.first + this.entries.findLastIndex(({ atUs }) => atUs < us) + 1;
  }

  /** Seconds from a message to the newest one. */
  secondsFrom(number: number): number {
    const entry = this.entries[Math.max(0, number - this.first)];
    return entry ? Math.max(0, this.newestUs - entry.atUs) / 1e6 : 0;
  }

  add(sample: Sample): void {
    const { type } = sample;
    const least = this.latest[type]! + LEAST_STEP_US[type]!;
    if (type === AUDIO && sample.atUs < least) return; // two encoders took turns: this moment is there already
    const ordered = { ...sample, atUs: Math.round(Math.max(sample.atUs, least, 0)) };
    if (this.entries.length === 0 && !(type === VIDEO && sample.key)) return; // it could not be shown
    while (this.store.bytes > this.mostBytes && this.dropOldest());
    try {
      this.keep(ordered, this.store.add(written(ordered)));
    } catch {
      if (!this.dropOldest()) this.hasHoles = true; // the disk is full: what is sent at once needs no copy
    }
  }

  /** A frame that was sent another way and is not kept, but may be the last that arrived. */
  witness(frame: Sample): void {
    this.witnesses.push({ atUs: Math.round(frame.atUs), ...digest(frame.data) });
    if (this.witnesses.length > 1_000) this.witnesses.shift();
  }

  /** Pictures from then on come from elsewhere: those that are here are not sent. Their numbers stay. */
  cutVideo(fromUs: number): void {
    for (let n = this.entries.length - 1; n >= 0 && this.entries[n]!.atUs > fromUs - OVERLAP_US; n -= 1) {
      const entry = this.entries[n]!;
      if (entry.type === VIDEO && entry.atUs >= fromUs) Object.assign(entry, { isGone: true, key: false });
    }
    this.latest[VIDEO] = this.entries.findLast(({ type, isGone }) => type === VIDEO && !isGone)?.atUs ?? -Infinity;
  }

  /** The message of that number, and what it is; null when there is none (yet). */
  at(number: number): Pick<Entry, "type" | "key" | "atUs" | "isGone"> & { message: () => Uint8Array } | null {
    const entry = this.entries[number - this.first];
    return entry ? { ...entry, message: () => this.store.read(entry.place) } : null;
  }

  /** Where to go on behind what the server has. */
  seam(last: LastFrame | null, offsetUs: number): Seam {
    if (!last) return { from: this.first, afterUs: null };
    const when = last.at_us - offsetUs;
    const away = ({ atUs }: { atUs: number }): number => Math.abs(atUs - when);
    const alike = [...this.entries.filter(({ type }) => type === VIDEO), ...this.witnesses]
      .filter(({ size, crc32 }) => size === last.size && crc32 === last.crc32)
      .sort((a, b) => away(a) - away(b));
    const seen = alike.length === 1 ? alike[0] : alike.find((frame) => away(frame) < NEAR_US);
    const isKey = ({ type, key }: Entry): boolean => type === VIDEO && key;
    const afterUs = Math.round(seen?.atUs ?? when); // not among ours (it went another way, before a reload): by the clock
    const from = this.entries.findLastIndex((entry) => isKey(entry) && entry.atUs <= afterUs);
    if (from >= 0) return { from: this.first + from, afterUs };
    const next = this.entries.findIndex((entry) => isKey(entry) && entry.atUs > when);
    return { from: next < 0 ? this.end : this.first + next, afterUs: null };
  }

  /** What was captured before then is stored: keep what is needed to go on from there. */
  trim(untilUs: number): void {
    let keep = this.entries.findLastIndex(({ type, key, atUs }) => type === VIDEO && key && atUs <= untilUs);
    if (keep < 0) keep = this.entries.findIndex(({ type, key }) => type === VIDEO && key);
    if (keep > 0) this.drop(keep);
  }

  private dropOldest(): boolean {
    const next = this.entries.findIndex(({ type, key }, n) => n > 0 && type === VIDEO && key);
    if (next < 0) return false;
    this.hasHoles = true;
    this.drop(next);
    return true;
  }

  private drop(count: number): void {
    this.entries.splice(0, count);
    this.first += count;
    this.store.forget(this.entries[0]!.place.file);
  }

  private keep(sample: Sample, place: Place): void {
    const { type, key, atUs, data } = sample;
    this.latest[type] = Math.max(atUs, this.latest[type]!);
    this.entries.push({ place, type, key, atUs, isGone: false, ...(type === VIDEO ? digest(data) : NOTHING) });
  }
}
