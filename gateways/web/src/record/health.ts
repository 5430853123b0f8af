/** Is anybody still there, and how good is the line? Judged from numbers alone; the time is an argument, in ms. */

/** What getStats() says now; counters since the session began. */
export interface Sample {
  /** RTCP, STUN, anything at all that came back. */
  packetsReceived: number;
  packetsSent: number;
  framesSent: number;
  bytesSent: number;
  /** The receiver's last word: share of packets lost (0 to 1), round trip in s. */
  loss: number | null;
  roundTripS: number | null;
  limitedByBandwidth: boolean;
}

export type Verdict = "good" | "poor" | "lost";

const SILENCE_MS = 1_500; // feedback comes every 100 ms, reports every second
const LONGEST_LOOK_MS = 500; // what this page has slept through is not the server's silence
const POOR_MS = 4_000;
const POOR_LOSS = 0.08;
const POOR_ROUND_TRIP_S = 0.8;
const POOR_BITRATE = 250_000;

export class Health {
  /** When something last came back. */
  heardAt: number;
  bitrate = 0;
  framesPerSecond = 0;
  private before: { at: number; sample: Sample } | null = null;
  private sentUnanswered = 0;
  private silentMs = 0;
  private badSince: number | null = null;

  constructor(now: number) {
    this.heardAt = now;
  }

  judge(sample: Sample, now: number): Verdict {
    const before = this.before;
    this.before = { at: now, sample };
    if (!before) return "good";
    if (sample.packetsReceived > before.sample.packetsReceived) {
      this.heardAt = now;
      this.sentUnanswered = 0;
      this.silentMs = 0;
    } else {
      this.sentUnanswered += sample.packetsSent - before.sample.packetsSent;
      this.silentMs += Math.min(now - before.at, LONGEST_LOOK_MS);
    }
    this.measure(before.at, before.sample, sample, now);
    if (this.sentUnanswered > 0 && this.silentMs >= SILENCE_MS) return "lost";
    return this.poor(sample, now) ? "poor" : "good";
  }

  private measure(since: number, before: Sample, sample: Sample, now: number): void {
    const seconds = Math.max(0.001, (now - since) / 1000);
    const smooth = (old: number, fresh: number): number => old * 0.7 + fresh * 0.3;
    this.bitrate = smooth(this.bitrate, ((sample.bytesSent - before.bytesSent) * 8) / seconds);
    this.framesPerSecond = smooth(this.framesPerSecond, (sample.framesSent - before.framesSent) / seconds);
  }

  /** A bad moment is no warning; several seconds are. */
  private poor(sample: Sample, now: number): boolean {
    const bad =
      (sample.loss ?? 0) > POOR_LOSS ||
      (sample.roundTripS ?? 0) > POOR_ROUND_TRIP_S ||
      (sample.limitedByBandwidth && this.bitrate < POOR_BITRATE);
    if (!bad) this.badSince = null;
    else this.badSince ??= now;
    return this.badSince !== null && now - this.badSince >= POOR_MS;
  }
}

/** The numbers we need out of a stats report. */
export function sampleOf(report: Iterable<[string, Record<string, unknown>]>): Sample {
  const sample: Sample = {
    packetsReceived: 0,
    packetsSent: 0,
    framesSent: 0,
    bytesSent: 0,
    loss: null,
    roundTripS: null,
    limitedByBandwidth: false,
  };
  const number = (value: unknown): number => (typeof value === "number" ? value : 0);
  for (const [, said] of report) {
    if (said["type"] === "transport") sample.packetsReceived += number(said["packetsReceived"]);
    if (said["type"] === "candidate-pair") sample.packetsReceived += number(said["responsesReceived"]);
    if (said["type"] === "outbound-rtp") {
      sample.packetsSent += number(said["packetsSent"]);
      sample.bytesSent += number(said["bytesSent"]);
      sample.framesSent += number(said["framesSent"]);
      sample.limitedByBandwidth ||= said["qualityLimitationReason"] === "bandwidth";
    }
    if (said["type"] === "remote-inbound-rtp") {
      sample.packetsReceived += number(said["roundTripTimeMeasurements"]);
      sample.loss = Math.max(sample.loss ?? 0, number(said["fractionLost"]));
      if (typeof said["roundTripTime"] === "number") sample.roundTripS = said["roundTripTime"];
    }
  }
  return sample;
}
