import { expect, test } from "vitest";
import { rungs } from "./quality";

const level = (height: number, group = "opus") => ({ height, audioGroups: [group] });

test("each height is offered once, the highest first", () => {
  expect(rungs([level(360), level(1080), level(720), level(1080), level(0)])).toEqual([
    { height: 1080, level: 1 },
    { height: 720, level: 2 },
    { height: 360, level: 0 },
  ]);
});

test("the sound stays the same", () => {
  const levels = [level(360), level(360, "aac"), level(720), level(720, "aac")];
  expect(rungs(levels, level(720, "aac")).map((rung) => rung.level)).toEqual([3, 1]);
  expect(rungs(levels, level(720)).map((rung) => rung.level)).toEqual([2, 0]);
});
