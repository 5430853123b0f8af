import { expect, test } from "vitest";
import { duration, size, spoken, when } from "./format";

test.each([
  [0, "0:00"],
  [9.99, "0:09"],
  [75.4, "1:15"],
  [3675, "1:01:15"],
  [-3, "0:00"],
])("%d seconds are written %s", (seconds, written) => expect(duration(seconds)).toBe(written));

test("a duration is spoken in words", () => {
  expect(spoken(61)).toBe("1 minute 1 second");
  expect(spoken(0)).toBe("0 seconds");
});

test("a date near by is said as a day", () => {
  const now = new Date(2026, 4, 7, 12, 0);
  expect(when(new Date(2026, 4, 7, 9, 5).toISOString(), now)).toMatch(/^Today, /);
  expect(when(new Date(2026, 4, 6, 23, 59).toISOString(), now)).toMatch(/^Yesterday, /);
  expect(when(new Date(2025, 4, 6, 23, 59).toISOString(), now)).toContain("2025");
});

test("sizes have a unit people know", () => {
  expect(size(900)).toBe("900 B");
  expect(size(12_345_678)).toBe("12.3 MB");
});
