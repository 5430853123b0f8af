import { expect, test } from "vitest";
import { CaptureClock, Unwrapper } from "./capture_clock";

test("what comes late was not captured later", () => {
  const clock = new CaptureClock();
  clock.see(0, 1_000_000);
  clock.see(33_000, 1_033_000 + 250_000); // held up on its way
  expect(Math.abs(clock.at(33_000) - 1_033_000)).toBeLessThan(1_000);
});

test("a shorter way corrects the ones before", () => {
  const clock = new CaptureClock();
  clock.see(0, 1_050_000);
  clock.see(33_000, 1_033_000);
  expect(clock.at(66_000)).toBe(1_066_000);
});

test("a machine that is busy for seconds does not move what was captured", () => {
  const clock = new CaptureClock();
  clock.see(0, 1_000_000);
  clock.see(33_000, 6_033_000);
  expect(Math.abs(clock.at(33_000) - 1_033_000)).toBeLessThan(6_000);
});

test("a clock that was set back is followed", () => {
  const clock = new CaptureClock();
  clock.see(9_000_000, 1_000_000);
  clock.see(0, 1_033_000);
  expect(clock.at(0)).toBe(1_033_000);
});

test("a clock that stood still is followed after a while", () => {
  const clock = new CaptureClock();
  clock.see(0, 1_000_000);
  for (let s = 0; s < 12; s += 1) clock.see(s * 1_000_000, 31_000_000 + s * 1_000_000);
  expect(Math.abs(clock.at(12_000_000) - 43_000_000)).toBeLessThan(50_000);
});

test("timestamps of 32 bits go on growing", () => {
  const unwrapper = new Unwrapper();
  expect([4_294_967_000, 100, 4_294_967_200, 300].map((at) => unwrapper.unwrap(at) - 4_294_967_000)).toEqual([0, 396, 200, 596]);
});
