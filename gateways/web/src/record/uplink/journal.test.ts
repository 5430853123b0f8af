import { expect, test } from "vitest";
import { digest } from "./annex_b";
import { Journal } from "./journal";
import { MemoryStore } from "./store";
import { AUDIO, BREAK, type Sample, VIDEO } from "./wire";

const T0 = 1_800_000_000_000_000;
const OFFSET = 5_000_000;

const frame = (n: number, { key = n % 60 === 0, at = T0 + n * 33_000, who = 0 } = {}): Sample => ({
  type: VIDEO,
  key,
  atUs: at,
  data: Uint8Array.of(0, 0, 1, key ? 0x65 : 0x41, who, n >> 8, n & 255, 0x80),
});
const packet = (n: number): Sample => ({ type: AUDIO, key: false, atUs: T0 + n * 20_000, data: Uint8Array.of(9, n & 255) });

function filled(count: number, store = new MemoryStore(), most?: number): Journal {
  const journal = new Journal(store, most);
  for (let n = 0; n < count; n += 1) {
    journal.add(frame(n));
    journal.add(packet(Math.floor(n * 1.65)));
  }
  return journal;
}

const lastFrame = (n: number, lateUs = 40_000) => ({ at_us: T0 + n * 33_000 + OFFSET + lateUs, ...digest(frame(n).data) });

test("it goes on from the key frame before the last frame the server has", () => {
  const journal = filled(200);
  const { from, afterUs } = journal.seam(lastFrame(150), OFFSET);
  expect(journal.at(from)).toMatchObject({ type: VIDEO, key: true, atUs: frame(120).atUs });
  expect(afterUs).toBe(frame(150).atUs);
});

test("of frames that are alike it is the one of about that time", () => {
  const journal = new Journal(new MemoryStore());
  for (let n = 0; n < 600; n += 1) journal.add({ ...frame(n), data: frame(n % 60).data });
  const last = { at_us: frame(330).atUs + OFFSET + 40_000, ...digest(frame(30).data) };
  expect(journal.seam(last, OFFSET).afterUs).toBe(frame(330).atUs);
});

test("without the server's last frame it goes on by the clock, or with the next key frame", () => {
  const journal = filled(200);
  const unknown = { at_us: frame(70).atUs + OFFSET, size: 1, crc32: 2 };
  const { from, afterUs } = journal.seam(unknown, OFFSET);
  expect([journal.at(from)?.atUs, afterUs]).toEqual([frame(60).atUs, frame(70).atUs]);
  expect(journal.seam({ ...unknown, at_us: T0 - 1_000 + OFFSET }, OFFSET)).toEqual({ from: journal.begin, afterUs: null });
});

test("an empty log gets everything, from a key frame on", () => {
  const journal = new Journal(new MemoryStore());
  journal.add(packet(0));
  journal.add(frame(1));
  journal.add(frame(2, { key: true }));
  expect(journal.seam(null, OFFSET)).toEqual({ from: 0, afterUs: null });
  expect(journal.at(0)?.atUs).toBe(frame(2).atUs);
});

test("a frame that went another way is found, and what is kept is shown from then on", () => {
  const journal = new Journal(new MemoryStore());
  for (let n = 0; n < 100; n += 1) journal.add(frame(n));
  for (let n = 100; n < 130; n += 1) {
    journal.witness(frame(n, { at: T0 + n * 33_000 + 0.25 }));
    journal.add(frame(n, { key: n === 100, who: 7 }));
  }
  const { from, afterUs } = journal.seam(lastFrame(120), OFFSET);
  expect([journal.at(from)?.atUs, afterUs]).toEqual([frame(100).atUs, frame(120).atUs]);
});

test("what is stored is let go, back to the key frame that is needed to go on", () => {
  const store = new MemoryStore();
  const journal = filled(400, store);
  const before = store.bytes;
  journal.trim(frame(300).atUs);
  expect(journal.at(journal.begin)?.atUs).toBe(frame(300).atUs);
  expect(store.bytes).toBeLessThan(before / 3);
  expect(journal.seam(lastFrame(310), OFFSET).from).toBe(journal.begin);
  expect(journal.hasHoles).toBe(false);
});

test("numbers do not change when something is let go", () => {
  const journal = filled(400);
  const { from } = journal.seam(lastFrame(310), OFFSET);
  const entry = journal.at(from);
  journal.trim(frame(240).atUs);
  expect(journal.at(from)?.atUs).toBe(entry?.atUs);
});

test("there is never more than there is room for, and it says what that costs", () => {
  const store = new MemoryStore();
  const journal = filled(4_000, store, 20_000);
  expect(store.bytes).toBeLessThan(21_000);
  expect(journal.hasHoles).toBe(true);
  expect(journal.at(journal.begin)).toMatchObject({ type: VIDEO, key: true });
});

test("times grow, whoever's frames they are", () => {
  const journal = filled(10);
  journal.add(frame(5, { key: true }));
  journal.add(packet(5));
  const times = Array.from({ length: journal.end }, (_, n) => journal.at(n)!).filter(({ type }) => type === VIDEO);
  expect(times.every(({ atUs }, n) => n === 0 || atUs > times[n - 1]!.atUs)).toBe(true);
  expect(journal.end).toBe(21);
});

test("pictures that come from elsewhere take the place of those that were not sent", () => {
  const journal = filled(20);
  journal.cutVideo(frame(15).atUs);
  journal.add(frame(15, { key: true, who: 7 }));
  const there = Array.from({ length: journal.end }, (_, n) => journal.at(n)!).filter(({ type, isGone }) => type === VIDEO && !isGone);
  expect(there.map(({ atUs }) => atUs)).toEqual(Array.from({ length: 16 }, (_, n) => frame(n).atUs));
  expect(journal.seam(lastFrame(17), OFFSET)).toEqual({ from: journal.end - 1, afterUs: frame(17).atUs });
});

test("what was kept is there after a crash", () => {
  const store = new MemoryStore();
  filled(100, store);
  const again = new Journal(store);
  again.add({ type: BREAK, key: false, atUs: again.newestUs, data: new Uint8Array() });
  expect(again.end).toBe(201);
  expect(again.seam(lastFrame(80), OFFSET).afterUs).toBe(frame(80).atUs);
  expect(again.secondsFrom(again.begin)).toBeCloseTo(3.27, 1);
});
