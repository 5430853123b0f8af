import { expect, test } from "vitest";
import { Health, type Sample, sampleOf, type Verdict } from "./health";

const GOOD: Sample = {
  packetsReceived: 0,
  packetsSent: 0,
  framesSent: 0,
  bytesSent: 0,
  loss: 0,
  roundTripS: 0.02,
  limitedByBandwidth: false,
};

/** Judge every 250 ms what `at(ms)` changes of a good sample. */
function verdicts(untilMs: number, at: (ms: number) => Partial<Sample>): Map<number, Verdict> {
  const health = new Health(0);
  const said = new Map<number, Verdict>();
  for (let ms = 0; ms <= untilMs; ms += 250) {
    const flowing = { packetsReceived: ms / 100, packetsSent: ms / 4, framesSent: ms / 33, bytesSent: ms * 300 };
    said.set(ms, health.judge({ ...GOOD, ...flowing, ...at(ms) }, ms));
  }
  return said;
}

test("a gateway that was killed is noticed within two seconds", () => {
  const said = verdicts(4000, (ms) => ({ packetsReceived: Math.min(ms, 2000) / 100 }));
  expect(said.get(2000)).toBe("good");
  expect(said.get(3250)).toBe("good");
  expect(said.get(3500)).toBe("lost");
});

test("a page that slept does not blame the server", () => {
  const health = new Health(0);
  health.judge({ ...GOOD, packetsReceived: 1, packetsSent: 10 }, 0);
  expect(health.judge({ ...GOOD, packetsReceived: 1, packetsSent: 20 }, 4000)).toBe("good");
});

test("who answers again is back", () => {
  const said = verdicts(5000, (ms) => ({ packetsReceived: (ms < 3000 ? Math.min(ms, 1000) : ms) / 100 }));
  expect(said.get(2750)).toBe("lost");
  expect(said.get(3000)).toBe("good");
});

test("one report a second is life enough", () =>
  expect([...verdicts(8000, (ms) => ({ packetsReceived: Math.floor(ms / 1000) })).values()]).not.toContain("lost"));

test("who sends nothing is not owed an answer", () =>
  expect([...verdicts(5000, () => ({ packetsSent: 0, packetsReceived: 0 })).values()]).not.toContain("lost"));

test("a poor line is said after seconds, not at once, and taken back", () => {
  const said = verdicts(10_000, (ms) => ({ loss: ms >= 1000 && ms < 7000 ? 0.2 : 0 }));
  expect(said.get(2000)).toBe("good");
  expect(said.get(6000)).toBe("poor");
  expect(said.get(7500)).toBe("good");
});

test("a long way round is a poor line", () => expect(verdicts(6000, () => ({ roundTripS: 1.2 })).get(6000)).toBe("poor"));

test("a stats report is summed up", () => {
  const report = new Map<string, Record<string, unknown>>([
    ["t", { type: "transport", packetsReceived: 7 }],
    ["v", { type: "outbound-rtp", packetsSent: 10, bytesSent: 1000, framesSent: 3, qualityLimitationReason: "bandwidth" }],
    ["a", { type: "outbound-rtp", packetsSent: 5, bytesSent: 100 }],
    ["r", { type: "remote-inbound-rtp", fractionLost: 0.1, roundTripTime: 0.2, roundTripTimeMeasurements: 2 }],
  ]);
  expect(sampleOf(report)).toEqual({
    packetsReceived: 9,
    packetsSent: 15,
    framesSent: 3,
    bytesSent: 1100,
    loss: 0.1,
    roundTripS: 0.2,
    limitedByBandwidth: true,
  });
});
