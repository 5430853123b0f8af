import { expect, test } from "vitest";
import { type Observations, warningsFor } from "./warnings";

const FINE: Observations = {
  recording: true,
  now: 60_000,
  microphoneWanted: true,
  heardAt: 59_000,
  cameraWanted: true,
  cameraFrameAt: 59_950,
  sentFrameAt: 59_950,
  screenMuted: false,
  screenEnded: false,
  cameraEnded: false,
  poorLine: false,
  behindS: 0,
  missing: "",
  room: "",
};

const ids = (change: Partial<Observations>): string[] => warningsFor({ ...FINE, ...change }).map(({ id }) => id);

test("nobody is bothered while all is fine", () => expect(ids({})).toEqual([]));

test.each<[string, Partial<Observations>, string[]]>([
  ["a microphone silent for 10 s", { heardAt: 50_000 }, ["microphone"]],
  ["not yet after 9.9 s", { heardAt: 50_100 }, []],
  ["silence without a microphone is meant", { heardAt: 0, microphoneWanted: false }, []],
  ["silence in a pause is meant", { heardAt: 0, recording: false }, []],
  ["the shared window was closed", { screenEnded: true }, ["screen"]],
  ["the shared window is minimised", { screenMuted: true }, ["screen"]],
  ["the camera stands still", { cameraFrameAt: 55_000 }, ["camera"]],
  ["no camera was asked for", { cameraFrameAt: 0, cameraWanted: false }, []],
  ["nothing is sent", { sentFrameAt: 56_000 }, ["frames"]],
  ["a poor line", { poorLine: true }, ["connection"]],
  ["a disk that fills up, also before anything is recorded", { recording: false, room: "Only 3 MB are left." }, ["room"]],
  ["storage is away", { missing: "storage" }, ["server"]],
])("%s", (_, change, expected) => expect(ids(change)).toEqual(expected));

test("a closed window can be chosen again from the warning itself", () =>
  expect(warningsFor({ ...FINE, screenEnded: true })[0]?.action).toBe("choose-screen"));

test("what waits here is no poor picture, and says that nothing is lost", () => {
  const [warning, ...others] = warningsFor({ ...FINE, behindS: 5 });
  expect(others).toEqual([]);
  expect(warning?.text).toContain("Nothing is lost");
});
