import { expect, test } from "vitest";
import { rungs } from "./quality";

test("each height is offered once, the highest first", () => {
  expect(rungs([{ height: 360 }, { height: 1080 }, { height: 720 }, { height: 1080 }, { height: 0 }])).toEqual([
    { height: 1080, level: 1 },
    { height: 720, level: 2 },
    { height: 360, level: 0 },
  ]);
});
