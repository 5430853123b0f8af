/** What is kept of a recording: ranges of seconds on its own clock, in order, none touching another. */

export type Range = readonly [begin: number, end: number];
export type Keep = readonly Range[];

/** Two frames or so: less is nothing. */
export const SHORTEST = 0.05;

/** Nothing outside of `begin` to `end`. */
export const trim = (keep: Keep, begin: number, end: number): Keep =>
  keep
    .map(([from, to]): Range => [Math.max(from, begin), Math.min(to, end)])
    .filter(([from, to]) => to - from >= SHORTEST);

/** Without what lies from `begin` to `end`. */
export const cut = (keep: Keep, begin: number, end: number): Keep => [
  ...trim(keep, -Infinity, begin),
  ...trim(keep, end, Infinity),
];

/** With all that lies from `begin` to `end`. */
export function restore(keep: Keep, begin: number, end: number): Keep {
  const joined: [number, number][] = [];
  for (const [from, to] of [...cut(keep, begin, end), [begin, end] as const].sort(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** Seconds that are kept. */
export const length = (keep: Keep): number => keep.reduce((sum, [from, to]) => sum + to - from, 0);

/** Where to go on from `time`: there, if it is kept; else where the next kept range begins; null behind the last. */
export function onward(keep: Keep, time: number): number | null {
  for (const [from, to] of keep) if (time < to) return Math.max(time, from);
  return null;
}

/** Which moment of the recording is shown at `time` of what is kept. */
export function origin(keep: Keep, time: number): number {
  let left = time;
  for (const [from, to] of keep) {
    if (left < to - from) return from + left;
    left -= to - from;
  }
  return keep.at(-1)?.[1] ?? time;
}

export const same = (one: Keep, other: Keep): boolean => JSON.stringify(one) === JSON.stringify(other);
