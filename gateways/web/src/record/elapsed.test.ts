import { expect, test } from "vitest";
import { Elapsed } from "./elapsed";

test("a pause does not count", () => {
  const elapsed = new Elapsed();
  elapsed.run(1000);
  elapsed.hold(4000);
  expect(elapsed.at(9000)).toBe(3000);
  elapsed.run(9000);
  expect(elapsed.at(9500)).toBe(3500);
});

test("a loss noticed late is counted to when it happened", () => {
  const elapsed = new Elapsed();
  elapsed.run(0);
  elapsed.hold(5000 - 1500);
  expect(elapsed.at(6000)).toBe(3500);
});

test("a continued recording begins where it was, and running twice is running once", () => {
  const elapsed = new Elapsed(60_000);
  elapsed.run(0);
  elapsed.run(500);
  expect(elapsed.at(1000)).toBe(61_000);
});
