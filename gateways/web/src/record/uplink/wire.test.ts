import { expect, test } from "vitest";
import { AUDIO, moved, read, VIDEO, written } from "./wire";

const AT = 1_800_000_000_123_456;

test("a message says what it is, when it was captured, and holds it", () => {
  const message = written({ type: VIDEO, key: true, atUs: AT, data: Uint8Array.of(7, 8) });
  expect([...message]).toEqual([1, 1, ...new Uint8Array(new BigInt64Array([BigInt(AT)]).buffer).reverse(), 7, 8]);
  expect(read(message)).toEqual({ type: VIDEO, key: true, atUs: AT, data: Uint8Array.of(7, 8) });
});

test("its time can be moved to another clock", () => {
  const message = written({ type: AUDIO, key: false, atUs: AT, data: Uint8Array.of(7) });
  expect(read(moved(message, -1_500))?.atUs).toBe(AT - 1_500);
});

test("noise is no message", () => {
  expect(read(Uint8Array.of(1, 2))).toBeNull();
  expect(read(new Uint8Array(20).fill(9))).toBeNull();
});
