import { expect, test } from "vitest";
import { cueAt, parse } from "./thumbnails";

const BASE = "https://loom.example/s/token/hls/id/thumbnails.vtt";
const FILE = `WEBVTT

00:00:00.000 --> 00:00:02.000
sprite-0.jpg?v=1f#xywh=0,0,160,90

00:00:02.000 --> 00:00:04.000
sprite-0.jpg?v=1f#xywh=160,0,160,90

NOTE a remark

01:00:04.000 --> 100:00:06.500
sprite-1.jpg?v=2#xywh=0,90,90,160
`;

test("each cue is a place in a sheet beside the file", () => {
  const cues = parse(FILE, BASE);
  expect(cues.map(({ start, end }) => [start, end])).toEqual([[0, 2], [2, 4], [3604, 360006.5]]);
  expect(cues[1]).toMatchObject({ url: "https://loom.example/s/token/hls/id/sprite-0.jpg?v=1f", x: 160, y: 0, width: 160, height: 90 });
});

test("what is no cue is passed over", () => {
  expect(parse("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nsome words\n\nsprite-0.jpg#xywh=0,0,1,1", BASE)).toEqual([]);
  expect(parse(FILE.replace(/\n/g, "\r\n"), BASE)).toHaveLength(3);
});

test("a moment has the picture that began last", () => {
  const cues = parse(FILE, BASE);
  expect([-1, 0, 1.99, 2, 9, 3604, 1e9].map((time) => cues.indexOf(cueAt(cues, time)!))).toEqual([0, 0, 0, 1, 1, 2, 2]);
  expect(cueAt([], 1)).toBeNull();
});
