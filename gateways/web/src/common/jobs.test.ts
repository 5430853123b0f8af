import { expect, test } from "vitest";
import { Heard, type JobStatus, type Progress, SILENT_MS, words } from "./jobs";

const job = (id: string, status: JobStatus, progress = 0): Progress => ({ job_id: id, job_type: "transcode", status, progress });

test("a job is shown while it is worked at", () => {
  const heard = new Heard();
  heard.take(job("b", "queued"), 0);
  expect(heard.shown(0)).toEqual([]);
  heard.take(job("b", "processing", 10), 0);
  heard.take(job("a", "processing", 20), 0);
  heard.take(job("b", "processing", 30), 0);
  expect(heard.shown(0).map((one) => [one.job_id, one.progress])).toEqual([["a", 20], ["b", 30]]);
  heard.take(job("a", "completed", 100), 0);
  heard.take(job("b", "failed", 30), 0);
  expect(heard.shown(0)).toEqual([]);
});

test("one of which nobody speaks any more is not", () => {
  const heard = new Heard();
  heard.take(job("a", "processing"), 0);
  expect(heard.shown(SILENT_MS - 1)).toHaveLength(1);
  expect(heard.shown(SILENT_MS)).toEqual([]);
});

test("a kind of work that this page does not know has a word all the same", () => {
  expect(words("transcode")).toBe("Making smaller versions");
  expect(words("translate")).toBe("Processing");
});
