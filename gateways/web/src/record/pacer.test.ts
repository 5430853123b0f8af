import { expect, test } from "vitest";
import { Pacer } from "./pacer";

/** How many frames go out in a second, when pictures come every `frameMs` and ticks every 8 ms. */
function sentInOneSecond(frameMs: number): number {
  const pacer = new Pacer();
  let sent = 0;
  let nextFrame = 0;
  for (let now = 0; now < 1000; now += 1) {
    if (now >= nextFrame) {
      nextFrame += frameMs;
      if (pacer.arrived(now)) sent += 1;
    }
    if (now % 8 === 0 && pacer.ticked(now)) sent += 1;
  }
  return sent;
}

test.each([
  ["a still screen still flows", Infinity, 10, 11],
  ["a tab that sends one a second flows", 1000, 10, 11],
  ["30 a second pass as they are", 1000 / 30, 29, 31],
  ["60 a second are thinned to 30", 1000 / 60, 28, 32],
  ["20 a second pass as they are", 50, 19, 21],
])("%s", (_, frameMs, least, most) => {
  const sent = sentInOneSecond(frameMs);
  expect(sent).toBeGreaterThanOrEqual(least);
  expect(sent).toBeLessThanOrEqual(most);
});

test("frames are stamped at least a thirtieth of a second apart, near to when they came", () => {
  const pacer = new Pacer();
  let before = -Infinity;
  for (let now = 0; now < 2000; now += 7) {
    if (!(now % 3 === 0 ? pacer.arrived(now) : pacer.ticked(now))) continue;
    expect(pacer.last - before).toBeGreaterThan(33.3);
    expect(Math.abs(now - pacer.last)).toBeLessThan(17);
    before = pacer.last;
  }
});

test("nothing moves faster than the clock it is given", () => {
  const pacer = new Pacer();
  expect(pacer.arrived(0)).toBe(true);
  expect(pacer.arrived(5)).toBe(false);
  expect(pacer.ticked(34)).toBe(true);
  expect(pacer.ticked(60)).toBe(false);
});
