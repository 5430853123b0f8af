import { expect, test } from "vitest";
import { Congestion } from "./congestion";

const MOST = 2_500_000;

test("a line that carries less than is made gets less", () => {
  const congestion = new Congestion(MOST);
  for (let second = 0; second < 6; second += 1) congestion.look(0.5 + second * 0.5, second);
  expect(congestion.bitrate).toBeLessThan(MOST / 2);
  for (let second = 6; second < 60; second += 1) congestion.look(0.5 + second * 0.5, second);
  expect(congestion.bitrate).toBe(250_000);
});

test("what waits after an outage is no reason for a worse picture, while it becomes less", () => {
  const congestion = new Congestion(MOST);
  for (let second = 0; second < 10; second += 1) congestion.look(30 - 3 * second, second);
  expect(congestion.bitrate).toBe(MOST);
});

test("a line that has been free for a while gets more again, up to the limit", () => {
  const congestion = new Congestion(MOST);
  for (let second = 0; second < 5; second += 1) congestion.look(2 + second, second);
  const low = congestion.bitrate;
  for (let second = 5; second < 90; second += 1) congestion.look(0.1, second);
  expect(low).toBeLessThan(MOST);
  expect(congestion.bitrate).toBe(MOST);
});
