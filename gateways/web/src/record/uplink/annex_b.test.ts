import { expect, test } from "vitest";
import { crc32 } from "node:zlib";
import { digest, nalUnits } from "./annex_b";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("units are told apart by start codes of three and four bytes", () => {
  const stream = bytes(0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 0, 0, 2, 1, 0, 1);
  expect(nalUnits(stream).map((unit) => [...unit])).toEqual([[0x67, 1, 2], [0x68, 3], [0x65, 0, 0, 2, 1, 0, 1]]);
});

test("what holds no start code holds no unit", () => {
  expect(nalUnits(bytes(1, 2, 3))).toEqual([]);
  expect(nalUnits(bytes())).toEqual([]);
});

test("the digest is of the units behind their lengths, without parameter sets and delimiters", () => {
  const stream = bytes(0, 0, 0, 1, 9, 16, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 3, 0, 0, 1, 0x65, 7, 8, 9);
  expect(digest(stream)).toEqual({ size: 8, crc32: crc32(bytes(0, 0, 0, 4, 0x65, 7, 8, 9)) });
});
