import { expect, test } from "vitest";
import { type Cure, type Look, Watchdog } from "./watchdog";

const LIVE: Look = { now: 0, time: 0, latency: 0.9, playing: true, following: true };

function cures(seconds: number, at: (now: number) => Partial<Look>): Cure[] {
  const dog = new Watchdog();
  const said: Cure[] = [];
  for (let now = 0; now < seconds; now += 0.25) {
    const cure = dog.look({ ...LIVE, now, time: now, ...at(now) });
    if (cure !== "none") said.push(cure);
  }
  return said;
}

test("a player that moves is left alone", () => expect(cures(60, () => ({}))).toEqual([]));

test("one that is stuck is moved to live, and loaded again if that did not help", () =>
  expect(cures(6, () => ({ time: 3, latency: 4 }))).toEqual(["seek", "reload"]));

test("one that fell far behind while it follows goes to live", () =>
  expect(cures(1, (now) => ({ time: now, latency: 6 }))).toEqual(["seek"]));

test("who scrubbed back is not pulled to live", () =>
  expect(cures(60, (now) => ({ latency: 300 + now, following: false }))).toEqual([]));

test("a paused player is not stuck", () => expect(cures(60, () => ({ time: 3, playing: false }))).toEqual([]));

test("a source that sends nothing is waited for; after a long while the playlist is asked for again", () => {
  expect(cures(8, () => ({ time: 3, latency: 0.1 }))).toEqual([]);
  expect(cures(10, () => ({ time: 3, latency: 0.1 }))).toEqual(["reload"]);
});
