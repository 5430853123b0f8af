import { expect, test } from "vitest";
import { viewerName, watching } from "./watching";

test.each([
  [3, "3 watching"],
  [1, "1 watching"],
  [0, ""],
  [null, ""],
])("of %s viewers is said “%s”", (count, said) => expect(watching(count)).toBe(said));

test("no two pages have the same name", () => {
  expect(viewerName()).toMatch(/^[0-9a-f]{32}$/);
  expect(viewerName()).not.toBe(viewerName());
});
