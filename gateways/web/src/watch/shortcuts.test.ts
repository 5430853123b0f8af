import { expect, test } from "vitest";
import { wish } from "./shortcuts";

const pressed = (key: string, ctrlKey = false) => wish({ key, altKey: false, ctrlKey, metaKey: false });

test("keys do what players have taught", () => {
  expect(pressed(" ")).toEqual({ to: "play" });
  expect(pressed("K")).toEqual({ to: "play" });
  expect(pressed("j")).toEqual({ to: "seek", seconds: -10 });
  expect(pressed("ArrowUp")).toEqual({ to: "volume", by: 0.1 });
  expect(pressed("7")).toEqual({ to: "part", of: 0.7 });
});

test("the browser's own combinations stay the browser's", () => {
  expect(pressed("f", true)).toBeNull();
  expect(pressed("x")).toBeNull();
});
