import { expect, test } from "vitest";
import { Steps } from "./steps";

test("steps are undone and done again; a new one drops what was undone", () => {
  const steps = new Steps([[0, 60]]);
  expect(steps.take([[0, 60]])).toBe(false);
  expect(steps.take([])).toBe(false);
  steps.take([[0, 30]]);
  steps.take([[0, 20]]);
  steps.undo();
  expect([steps.now, steps.canUndo, steps.canRedo, steps.changed]).toEqual([[[0, 30]], true, true, true]);
  steps.redo();
  steps.undo();
  steps.take([[5, 30]]);
  expect([steps.now, steps.canRedo]).toEqual([[[5, 30]], false]);
  steps.undo();
  steps.undo();
  steps.undo();
  expect([steps.now, steps.canUndo, steps.changed]).toEqual([[[0, 60]], false, false]);
});
