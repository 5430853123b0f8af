import { expect, test } from "vitest";
import { bitrateFor, bubble, fitted, limitFor, middleSquare } from "./layout";

test("a 4K screen fits into 1080 lines and keeps its shape", () => {
  const screen = { width: 3840, height: 2160 };
  expect(fitted(screen, limitFor(screen, 1080))).toEqual({ width: 1920, height: 1080 });
});

test("a small window is never enlarged, and its sides become even", () =>
  expect(fitted({ width: 801, height: 333 }, { width: 1920, height: 1080 })).toEqual({ width: 800, height: 332 }));

test("a portrait window is limited on its own terms", () => {
  const phone = { width: 1440, height: 3120 };
  const { width, height } = fitted(phone, limitFor(phone, 1080));
  expect(height).toBeLessThanOrEqual(1920);
  expect(width / height).toBeCloseTo(1440 / 3120, 2);
});

test.each(["bottom-left", "bottom-right", "top-left", "top-right"] as const)("the bubble is inside at the %s", (corner) => {
  const canvas = { width: 1280, height: 720 };
  const box = bubble(canvas, corner);
  expect(box.x).toBeGreaterThanOrEqual(0);
  expect(box.y).toBeGreaterThanOrEqual(0);
  expect(box.x + box.width).toBeLessThanOrEqual(canvas.width);
  expect(box.y + box.height).toBeLessThanOrEqual(canvas.height);
});

test("the face is cut from the middle", () =>
  expect(middleSquare({ width: 1280, height: 720 })).toEqual({ x: 280, y: 0, width: 720, height: 720 }));

test("more pixels get more bits", () =>
  expect(bitrateFor({ width: 1920, height: 1080 })).toBeGreaterThan(bitrateFor({ width: 1280, height: 720 })));
