import { expect, test } from "vitest";
import { cut, length, onward, origin, restore, trim, type Keep } from "./ranges";

const ALL: Keep = [[0, 60]];

test("what is cut out leaves both sides", () => {
  expect(cut(ALL, 10, 20)).toEqual([[0, 10], [20, 60]]);
  expect(cut(cut(ALL, 10, 20), 15, 30)).toEqual([[0, 10], [30, 60]]);
  expect(cut(ALL, 0, 60)).toEqual([]);
});

test("trimming holds whatever was cut out before", () => {
  expect(trim(cut(ALL, 10, 20), 5, 40)).toEqual([[5, 10], [20, 40]]);
});

test("what was cut out can be brought back", () => {
  expect(restore(cut(ALL, 10, 20), 10, 20)).toEqual([[0, 60]]);
  expect(restore(cut(ALL, 10, 20), 12, 14)).toEqual([[0, 10], [12, 14], [20, 60]]);
});

test("slivers are nothing", () => {
  expect(cut(ALL, 0.02, 20)).toEqual([[20, 60]]);
});

test("playing goes from range to range", () => {
  const keep = cut(ALL, 10, 20);
  expect([onward(keep, 5), onward(keep, 10), onward(keep, 15), onward(keep, 60)]).toEqual([5, 20, 20, null]);
  expect(length(keep)).toBe(50);
});

test("a moment of what is shown is one of the recording", () => {
  const keep = cut(ALL, 10, 20);
  expect([origin(keep, 0), origin(keep, 9), origin(keep, 10), origin(keep, 49), origin(keep, 99)]).toEqual([0, 9, 20, 59, 60]);
});
