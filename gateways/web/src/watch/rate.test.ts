import { expect, test } from "vitest";
import { NEAR_S, RateController, SAFE_S } from "./rate";

const STEP_S = 0.1;

/** Play for so many seconds from `latency` on; parts of a third of a second arrive on time. */
function play(controller: RateController, from: { latency: number }, seconds: number, framesPerSecond = 30): number {
  let { latency } = from;
  for (let now = 0; now < seconds; now += STEP_S) {
    const sinceEdge = now % (1 / 3);
    const ahead = Math.max(0, latency - sinceEdge);
    latency += STEP_S * (1 - controller.update({ now, latency, ahead, framesPerSecond }));
  }
  return latency;
}

test("it comes near from far, and then leaves the rate alone", () => {
  const controller = new RateController();
  const latency = play(controller, { latency: 3 }, 60);
  expect(latency).toBeCloseTo(NEAR_S, 0);
  expect(Math.abs(latency - NEAR_S)).toBeLessThan(0.1);
  expect(controller.changes).toBeLessThanOrEqual(4);
  const before = controller.changes;
  play(controller, { latency }, 60);
  expect(controller.changes).toBe(before);
});

test("it moves back when it is too near", () => {
  const controller = new RateController();
  expect(play(controller, { latency: 0.3 }, 30)).toBeGreaterThan(NEAR_S - 0.1);
  expect(controller.changes).toBe(2);
});

test("within the band nothing happens", () => {
  const controller = new RateController();
  expect(play(controller, { latency: NEAR_S + 0.2 }, 10)).toBeCloseTo(NEAR_S + 0.2);
  expect(controller.changes).toBe(0);
});

test("after a stall it keeps a safe distance, and comes near again after a quiet time", () => {
  const controller = new RateController();
  controller.stalled(0);
  expect(controller.target).toBe(SAFE_S);
  controller.stalled(1);
  expect(controller.target).toBeGreaterThan(SAFE_S);
  play(controller, { latency: 2 }, 120);
  expect(controller.target).toBe(NEAR_S);
});

test("who stalls again and again comes near ever more slowly", () => {
  const controller = new RateController();
  const near = (from: number): number => {
    let now = from;
    while (controller.target > NEAR_S) controller.update({ now: (now += 1), latency: 1.5, ahead: 1, framesPerSecond: 30 });
    return now;
  };
  controller.stalled(0);
  const first = near(0);
  controller.stalled(first);
  const second = near(first) - first;
  expect(second).toBeGreaterThan(first * 1.8);
});

test("few frames mean a greater distance, whichever number is just at the edge", () => {
  const controller = new RateController();
  play(controller, { latency: 1 }, 5, 1);
  expect(controller.target).toBe(SAFE_S);
  play(controller, { latency: SAFE_S }, 1, 8);
  expect(controller.target).toBe(SAFE_S);
  play(controller, { latency: SAFE_S }, 1, 30);
  expect(controller.target).toBe(NEAR_S);
});

test("it does not run into an empty buffer", () => {
  const controller = new RateController();
  controller.update({ now: 0, latency: 3, ahead: 2, framesPerSecond: 30 });
  expect(controller.rate).toBeGreaterThan(1);
  expect(controller.update({ now: 0.1, latency: 3, ahead: 0.02, framesPerSecond: 30 })).toBe(1);
});

test("right after the start it leaps over what is loaded too much, never into the void", () => {
  const controller = new RateController();
  expect(controller.leap({ latency: 3, ahead: 2.8 })).toBeCloseTo(3 - NEAR_S);
  expect(controller.leap({ latency: 3, ahead: 1.0 })).toBe(0);
  expect(controller.leap({ latency: 1.1, ahead: 0.9 })).toBe(0);
});
