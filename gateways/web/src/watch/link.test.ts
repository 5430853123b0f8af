import { expect, test, vi } from "vitest";
import { Link } from "./link";

const url = (token: string, rest = "master.m3u8"): string => `https://loom.example/s/${token}/hls/abc/${rest}`;
const said = (token: string, until: number) => ({ hls_url: url(token), links_expire_at: new Date(until).toISOString() });

function made(): { link: Link; ask: ReturnType<typeof vi.fn>; clock: { now: number } } {
  const clock = { now: 1_000_000 };
  const ask = vi.fn(() => Promise.resolve(said("new", clock.now + 3_600_000)));
  const link = new Link(ask, () => clock.now);
  link.take(said("old", clock.now + 3_600_000));
  return { link, ask, clock };
}

test("while it is good, nobody is asked for another", async () => {
  const { link, ask } = made();
  expect(await link.fresh(url("old", "video/1.m4s"))).toBe(url("old", "video/1.m4s"));
  expect(ask).not.toHaveBeenCalled();
});

test("before it ends a new one is asked for once, and everything goes on under that", async () => {
  const { link, ask, clock } = made();
  clock.now += 3_600_000 - 30_000;
  const found = await Promise.all(["a.m3u8?_HLS_msn=1", "video/1.m4s"].map((rest) => link.fresh(url("old", rest))));
  expect(found).toEqual([url("new", "a.m3u8?_HLS_msn=1"), url("new", "video/1.m4s")]);
  expect(ask).toHaveBeenCalledOnce();
});

test("after a refusal a new one is asked for, but not again and again", async () => {
  const { link, ask, clock } = made();
  ask.mockImplementation(() => Promise.reject(new Error("away")));
  link.refused();
  expect(await link.fresh(url("old"))).toBe(url("old"));
  expect(await link.fresh(url("old"))).toBe(url("old"));
  expect(ask).toHaveBeenCalledOnce();
  clock.now += 5_000;
  ask.mockImplementation(() => Promise.resolve(said("new", clock.now + 3_600_000)));
  expect(await link.fresh(url("old"))).toBe(url("new"));
});

test("a clock that is wrong asks nobody", async () => {
  const { link, ask, clock } = made();
  link.take(said("old", clock.now - 3_600_000));
  expect(await link.fresh(url("old"))).toBe(url("old"));
  expect(ask).not.toHaveBeenCalled();
});

test("what is not this recording's media stays as it is", async () => {
  const { link } = made();
  for (const other of ["https://loom.example/s/x/hls/def/1.m4s", "/hls/abc/1.m4s"]) expect(await link.fresh(other)).toBe(other);
});
