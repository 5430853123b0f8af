/** Composing on a canvas of the page, driven by a worker's timer (Firefox, Safari). */

import { every } from "../common/ticker";
import { type Composer, nothingYet, type Progress, type Sources } from "./composer";
import { bubble, type Corner, fitted, limitFor, middleSquare, type Size } from "./layout";
import { ring } from "./ring";

interface FrameRequester {
  requestFrame(): void;
}

const FRAME_MS = 1000 / 30;

export class CanvasComposer implements Composer {
  readonly track: MediaStreamTrack;
  readonly progress: Progress = nothingYet();
  private readonly canvas = document.createElement("canvas");
  private readonly pen: CanvasRenderingContext2D;
  private readonly screen = player();
  private readonly camera = player();
  private readonly stop: () => void;
  private readonly send: () => void;
  private sources: Sources = { screen: null, camera: null };
  private lines = 1080;
  private place: Corner = "bottom-left";
  private frozen = false;

  constructor() {
    this.pen = this.canvas.getContext("2d", { alpha: false })!;
    const stream = this.canvas.captureStream(0);
    this.track = stream.getVideoTracks()[0]!;
    this.send = sender(stream, this.track);
    count(this.screen, () => (this.progress.screen += 1));
    count(this.camera, () => (this.progress.camera += 1));
    this.stop = every(FRAME_MS, () => this.draw());
  }

  use(sources: Sources): void {
    this.sources = sources;
    play(this.screen, sources.screen);
    play(this.camera, sources.camera);
  }

  limit(lines: number): void {
    this.lines = lines;
  }

  corner(corner: Corner): void {
    this.place = corner;
  }

  freeze(frozen: boolean): void {
    this.frozen = frozen;
  }

  close(): void {
    this.stop();
    this.track.stop();
  }

  private draw(): void {
    const main = this.sources.screen ? this.screen : this.camera;
    const from = sizeOf(main);
    if (!this.frozen && from) this.paint(main, from);
    if (this.canvas.width === 0 || (!from && this.progress.sent === 0)) return;
    if (this.frozen) this.pen.drawImage(this.canvas, 0, 0); // an untouched canvas sends nothing
    this.progress.sent += 1;
    this.send();
  }

  private paint(main: HTMLVideoElement, from: Size): void {
    const size = fitted(from, limitFor(from, this.lines));
    if (this.canvas.width !== size.width || this.canvas.height !== size.height) Object.assign(this.canvas, size);
    Object.assign(this.progress, size);
    this.pen.drawImage(main, 0, 0, size.width, size.height);
    const face = sizeOf(this.camera);
    if (main === this.camera || !this.sources.camera || !face) return;
    const to = bubble(size, this.place);
    const cut = middleSquare(face);
    this.pen.save();
    this.pen.beginPath();
    this.pen.arc(to.x + to.width / 2, to.y + to.height / 2, to.width / 2, 0, 2 * Math.PI);
    this.pen.clip();
    this.pen.drawImage(this.camera, cut.x, cut.y, cut.width, cut.height, to.x, to.y, to.width, to.height);
    this.pen.restore();
    ring(this.pen, to);
  }
}

/** The specification has `requestFrame` on the track; Firefox has it on the stream. */
function sender(stream: MediaStream & Partial<FrameRequester>, track: MediaStreamTrack & Partial<FrameRequester>): () => void {
  return track.requestFrame ? () => track.requestFrame!() : () => stream.requestFrame!();
}

function player(): HTMLVideoElement {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  return video;
}

function play(video: HTMLVideoElement, track: MediaStreamTrack | null): void {
  video.srcObject = track ? new MediaStream([track]) : null;
  if (track) void video.play().catch(() => undefined); // ended before it began: the page says so
}

const sizeOf = (video: HTMLVideoElement): Size | null =>
  video.videoWidth > 0 ? { width: video.videoWidth, height: video.videoHeight } : null;

function count(video: HTMLVideoElement, one: () => void): void {
  if (!("requestVideoFrameCallback" in video)) return;
  const again = (): void => {
    one();
    video.requestVideoFrameCallback(again);
  };
  video.requestVideoFrameCallback(again);
}
