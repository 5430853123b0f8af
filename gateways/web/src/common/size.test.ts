import { expect, test } from "vitest";
import { size } from "./size";

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1_000, "1.0 kB"],
  [3_440_000, "3.4 MB"],
  [250_000_000, "250 MB"],
  [10_737_418_240, "10.7 GB"],
])("%d bytes are said as %s", (bytes, said) => expect(size(bytes)).toBe(said));
