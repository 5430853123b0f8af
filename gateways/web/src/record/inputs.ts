/** What is recorded: screen, camera and microphone as chosen, made into one picture and one sound. */

import type { RecordingType } from "../common/api";
import { type Composer, compose } from "./composer";
import * as devices from "./devices";
import { bitrateFor, type Corner } from "./layout";
import { Sound } from "./sound";
import type { Outgoing } from "./whip";

export class Inputs {
  type: RecordingType = "screen";
  lines = 1080;
  corner: Corner = "bottom-left";
  cameraId = "";
  microphoneId = "";
  microphoneWanted = true;
  screen: MediaStream | null = null;
  camera: MediaStream | null = null;
  microphone: MediaStream | null = null;
  composer: Composer | null = null;
  private made: Sound | null = null;

  /** `changed` is called when something was added, went away or ended. */
  constructor(private readonly changed: () => void) {}

  get wantsScreen(): boolean {
    return this.type !== "webcam";
  }

  get wantsCamera(): boolean {
    return this.type !== "screen";
  }

  get complete(): boolean {
    return (!this.wantsScreen || alive(this.screen)) && (!this.wantsCamera || alive(this.camera));
  }

  /** An AudioContext made before the first click would be refused: it is made at the first use. */
  get sound(): Sound {
    this.made ??= new Sound();
    return this.made;
  }

  /** Ask for a screen, window or tab; the one before is let go once there is another. Raises Error. */
  async chooseScreen(): Promise<void> {
    const stream = await devices.screen();
    stop(this.screen);
    this.screen = stream;
    const [video] = stream.getVideoTracks();
    for (const event of ["ended", "mute", "unmute"]) video?.addEventListener(event, this.changed);
    this.sound.useShared(stream);
    await this.refresh();
  }

  async chooseCamera(deviceId = this.cameraId): Promise<void> {
    this.cameraId = deviceId;
    stop(this.camera);
    this.camera = await devices.camera(deviceId);
    this.camera.getVideoTracks()[0]?.addEventListener("ended", this.changed);
    await this.refresh();
  }

  async chooseMicrophone(deviceId = this.microphoneId): Promise<void> {
    this.microphoneId = deviceId;
    stop(this.microphone);
    this.microphone = null;
    this.made?.useMicrophone(null);
    if (!this.microphoneWanted) return this.changed();
    this.microphone = await devices.microphone(deviceId);
    this.sound.useMicrophone(this.microphone);
    this.changed();
  }

  /** Another choice of screen and camera; what is no longer wanted is let go. */
  async choose(type: RecordingType): Promise<void> {
    this.type = type;
    if (!this.wantsScreen) {
      stop(this.screen);
      this.screen = null;
      this.made?.useShared(null);
    }
    if (!this.wantsCamera) {
      stop(this.camera);
      this.camera = null;
    }
    await this.refresh();
  }

  /** Everything that is still missing, asked for one after the other. Raises Error at the first refusal. */
  async completeAll(): Promise<void> {
    if (this.wantsScreen && !alive(this.screen)) await this.chooseScreen();
    if (this.wantsCamera && !alive(this.camera)) await this.chooseCamera();
  }

  /** The microphone's loudness, 0 to 1. */
  level(): number {
    return this.made?.level() ?? 0;
  }

  /** The loudest of the last third of a second, 0 to 1. */
  peak(): number {
    return this.made?.peak() ?? 0;
  }

  limit(lines: number): void {
    this.lines = lines;
    this.composer?.limit(lines);
  }

  place(corner: Corner): void {
    this.corner = corner;
    this.composer?.corner(corner);
  }

  freeze(frozen: boolean): void {
    this.composer?.freeze(frozen);
    this.made?.freeze(frozen);
  }

  /** What a WHIP session sends. Throws when nothing was chosen yet. */
  outgoing(): Outgoing {
    if (!this.composer) throw new Error("Choose what to record first.");
    const { track, progress } = this.composer;
    track.contentHint = this.wantsScreen ? "detail" : "motion";
    const size = progress.width > 0 ? progress : { width: 1920, height: this.lines };
    return {
      video: track,
      audio: this.sound.track,
      maxBitrate: bitrateFor(size),
      keep: this.wantsScreen ? "maintain-resolution" : "balanced",
    };
  }

  close(): void {
    for (const stream of [this.screen, this.camera, this.microphone]) stop(stream);
    this.composer?.close();
    void this.made?.context.close();
  }

  private async refresh(): Promise<void> {
    const sources = { screen: videoOf(this.screen), camera: videoOf(this.camera) };
    if (this.composer) this.composer.use(sources);
    else if (sources.screen || sources.camera) {
      this.composer = await compose(sources);
      this.composer.limit(this.lines);
      this.composer.corner(this.corner);
    }
    this.changed();
  }
}

export const videoOf = (stream: MediaStream | null): MediaStreamTrack | null => stream?.getVideoTracks()[0] ?? null;

export const alive = (stream: MediaStream | null): boolean => videoOf(stream)?.readyState === "live";

const stop = (stream: MediaStream | null): void => stream?.getTracks().forEach((track) => track.stop());
