/** Watches inputs, recorder and server, four times a second, and says what a person should know. */

import { every } from "../common/ticker";
import { alive, type Inputs, videoOf } from "./inputs";
import type { Recorder } from "./recorder";
import { type Observations, type Warning, warningsFor } from "./warnings";

const LOOK_MS = 250;
const ASK_SERVER_MS = 5_000;
const SILENCE_PEAK = 0.003; // -50 dB: a room with a live microphone is louder

export class Observer {
  private heardAt = performance.now();
  private cameraFrames = 0;
  private cameraFrameAt = performance.now();
  private sentFrames = 0;
  private sentFrameAt = performance.now();
  private wasRecording = false;
  private missing = "";
  private room = "";
  private readonly stops: (() => void)[];

  constructor(
    private readonly inputs: Inputs,
    private readonly recorder: () => Recorder | null,
    private readonly said: (warnings: Warning[]) => void,
  ) {
    this.stops = [every(LOOK_MS, () => this.look()), every(ASK_SERVER_MS, () => void this.askServer())];
  }

  close(): void {
    for (const stop of this.stops) stop();
  }

  private look(): void {
    const now = performance.now();
    const recorder = this.recorder();
    const recording = recorder?.phase === "recording";
    const resumed = recording && !this.wasRecording;
    this.wasRecording = recording;
    if (resumed) this.missing = ""; // what was missing is there again, or is asked for in a moment
    if (resumed || this.inputs.peak() > SILENCE_PEAK) this.heardAt = now;
    const progress = this.inputs.composer?.progress;
    if (resumed || (progress && progress.camera !== this.cameraFrames)) {
      this.cameraFrames = progress?.camera ?? 0;
      this.cameraFrameAt = now;
    }
    if (resumed || (progress && progress.sent !== this.sentFrames)) {
      this.sentFrames = progress?.sent ?? 0;
      this.sentFrameAt = now;
    }
    this.said(warningsFor(this.observations(now, recording, recorder)));
  }

  private observations(now: number, recording: boolean, recorder: Recorder | null): Observations {
    const { inputs } = this;
    return {
      recording,
      now,
      microphoneWanted: inputs.microphoneWanted && inputs.microphone !== null,
      heardAt: this.heardAt,
      cameraWanted: inputs.wantsCamera && inputs.camera !== null,
      cameraFrameAt: this.cameraFrameAt,
      sentFrameAt: this.sentFrameAt,
      screenMuted: inputs.wantsScreen && alive(inputs.screen) && (videoOf(inputs.screen)?.muted ?? false),
      screenEnded: inputs.wantsScreen && inputs.screen !== null && !alive(inputs.screen),
      cameraEnded: inputs.camera !== null && !alive(inputs.camera),
      poorLine: recorder?.verdict === "poor" && recorder.way === "webrtc",
      behindS: recorder?.way === "web" ? recorder.behindS : 0,
      missing: this.missing,
      room: this.room,
    };
  }

  private async askServer(): Promise<void> {
    if (document.hidden && !this.recorder()?.live) return;
    try {
      const answer = await fetch("/health/ready", { signal: AbortSignal.timeout(ASK_SERVER_MS) });
      const said = await answer.text();
      this.missing = answer.status === 503 ? missingIn(said) : "";
      this.room = roomIn(said);
    } catch {
      this.missing = "it does not answer";
    }
  }
}

/** The sentence about a disk that fills up; empty when there is room. */
export function roomIn(text: string): string {
  try {
    const { away } = JSON.parse(text) as { away?: { name: string; why: string }[] };
    return away?.find(({ name }) => name === "disk space")?.why ?? "";
  } catch {
    return "";
  }
}

/** The checks of a readiness answer that did not pass; "something is away" when it names none. */
export function missingIn(text: string): string {
  try {
    const { checks } = JSON.parse(text) as { checks?: Record<string, string> };
    const names = Object.entries(checks ?? {}).flatMap(([name, word]) => (word === "ok" ? [] : [name]));
    return names.join(", ") || "something is away";
  } catch {
    return "something is away";
  }
}
