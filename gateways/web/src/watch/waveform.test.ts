import { expect, test } from "vitest";
import { heights, shape, type Waveform } from "./waveform";

const wave = (data: number[]): Waveform => ({
  channels: 1, sample_rate: 48_000, samples_per_pixel: 24_000, bits: 8, length: data.length / 2, data,
});

test("the loudest of a column is its height, whichever side of zero", () => {
  expect(heights(wave([0, 0, -128, 3, 0, 32, 0, 0]), 2, 4)).toEqual([0, 1, 0.5, 0]);
  expect(heights(wave([0, 0, -128, 3, 0, 32, 0, 0]), 2, 2)).toEqual([1, 0.5]);
});

test("where nothing was heard it is flat, and silence is still a line", () => {
  const of = heights(wave([-128, 127]), 4, 4);
  expect(of).toEqual([1, 0, 0, 0]);
  expect(shape(of)).toBe("M0,100L0,0.0L1,0.0L1,98.0L2,98.0L2,98.0L3,98.0L3,98.0L4,98.0L4,100Z");
});
