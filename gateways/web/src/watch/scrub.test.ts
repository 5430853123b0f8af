import { expect, test } from "vitest";
import { target } from "./scrub";

const span = { start: 10, end: 210 };

test("arrows go five seconds, pages a tenth, home and end all the way", () => {
  const keys = ["ArrowLeft", "ArrowRight", "PageDown", "PageUp", "Home", "End"];
  expect(keys.map((key) => target(key, 100, span))).toEqual([95, 105, 80, 120, 10, 210]);
});

test("nobody leaves the bar", () => {
  expect(target("ArrowLeft", 12, span)).toBe(10);
  expect(target("PageUp", 205, span)).toBe(210);
  expect(target("k", 100, span)).toBeNull();
});
