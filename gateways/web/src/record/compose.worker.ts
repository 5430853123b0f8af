/** The worker that composes: its timers run on in hidden tabs. */

import { bubble, type Corner, fitted, limitFor, middleSquare, type Size } from "./layout";
import { ring } from "./ring";
import { Pacer } from "./pacer";

export type Order =
  | { kind: "out"; stream: WritableStream<VideoFrame> }
  | { kind: "in"; screen: ReadableStream<VideoFrame> | null; camera: ReadableStream<VideoFrame> | null }
  | { kind: "limit"; lines: number }
  | { kind: "corner"; corner: Corner }
  | { kind: "freeze"; frozen: boolean };

type Name = "screen" | "camera";

const TICK_MS = 8;
const REPORT_MS = 250;
const EMPTY: Size = { width: 1280, height: 720 };

const pacer = new Pacer();
const latest: Record<Name, VideoFrame | null> = { screen: null, camera: null };
const wanted: Record<Name, boolean> = { screen: false, camera: false };
const came: Record<Name, number> = { screen: 0, camera: 0 };
let out: WritableStreamDefaultWriter<VideoFrame> | null = null;
let generation = 0;
let lines = 1080;
let corner: Corner = "bottom-left";
let frozen = false;
let lastSent: VideoFrame | null = null;
let sent = 0;
let canvas: OffscreenCanvas | null = null;
let writing = false;

onmessage = ({ data }: MessageEvent<Order>) => {
  switch (data.kind) {
    case "out":
      out = data.stream.getWriter();
      break;
    case "in":
      generation += 1;
      take("screen", data.screen);
      take("camera", data.camera);
      break;
    case "limit":
      lines = data.lines;
      break;
    case "corner":
      corner = data.corner;
      break;
    case "freeze":
      frozen = data.frozen;
      break;
  }
};

setInterval(() => {
  if (pacer.ticked(performance.now())) send();
}, TICK_MS);

setInterval(() => {
  const { width, height } = lastSent ? { width: lastSent.displayWidth, height: lastSent.displayHeight } : EMPTY;
  postMessage({ ...came, sent, width, height });
}, REPORT_MS);

/** Read one source until it ends or another takes its place; its last picture stays until then. */
function take(name: Name, stream: ReadableStream<VideoFrame> | null): void {
  wanted[name] = stream !== null;
  if (!stream) {
    keep(name, null);
    return;
  }
  const mine = generation;
  const reader = stream.getReader();
  const next = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      if (mine !== generation) {
        value.close();
        await reader.cancel();
        return;
      }
      came[name] += 1;
      keep(name, value);
      if (leads(name) && pacer.arrived(performance.now())) send();
    }
  };
  next().catch(() => undefined); // the track has ended: the page says so
}

function keep(name: Name, frame: VideoFrame | null): void {
  latest[name]?.close();
  latest[name] = frame;
}

/** Whose new picture makes a new composed one: with both, whichever moves. */
const leads = (name: Name): boolean => !frozen && wanted[name];

function send(): void {
  if (!out || writing) return; // the encoder is behind: the next tick sends what is then the latest
  const frame = next();
  if (!frame) return;
  lastSent?.close();
  lastSent = frame.clone();
  sent += 1;
  writing = true;
  out.write(frame).then(written, written);
}

const written = (): void => {
  writing = false;
};

function next(): VideoFrame | null {
  const timestamp = Math.round(pacer.last * 1000);
  if (frozen && lastSent) return new VideoFrame(lastSent, { timestamp });
  const { screen, camera } = latest;
  if (wanted.screen && wanted.camera) return screen && camera ? composed(screen, camera, timestamp) : null;
  const single = screen ?? camera;
  if (single) return shrunk(single, timestamp);
  return lastSent ? new VideoFrame(lastSent, { timestamp }) : null; // both are gone: the last picture stays
}

/** The picture itself where it is small enough (nothing is copied), a smaller one otherwise. */
function shrunk(frame: VideoFrame, timestamp: number): VideoFrame {
  const from = { width: frame.displayWidth, height: frame.displayHeight };
  const size = fitted(from, limitFor(from, lines));
  if (Math.abs(size.width - from.width) <= 1 && Math.abs(size.height - from.height) <= 1)
    return new VideoFrame(frame, { timestamp });
  const [surface, pen] = surfaceOf(size);
  pen.drawImage(frame, 0, 0, size.width, size.height);
  return new VideoFrame(surface, { timestamp });
}

function composed(screen: VideoFrame, camera: VideoFrame, timestamp: number): VideoFrame {
  const from = { width: screen.displayWidth, height: screen.displayHeight };
  const size = fitted(from, limitFor(from, lines));
  const [surface, pen] = surfaceOf(size);
  pen.drawImage(screen, 0, 0, size.width, size.height);
  const to = bubble(size, corner);
  const cut = middleSquare({ width: camera.displayWidth, height: camera.displayHeight });
  pen.save();
  pen.beginPath();
  pen.arc(to.x + to.width / 2, to.y + to.height / 2, to.width / 2, 0, 2 * Math.PI);
  pen.clip();
  pen.drawImage(camera, cut.x, cut.y, cut.width, cut.height, to.x, to.y, to.width, to.height);
  pen.restore();
  ring(pen, to);
  return new VideoFrame(surface, { timestamp });
}

function surfaceOf(size: Size): [OffscreenCanvas, OffscreenCanvasRenderingContext2D] {
  if (canvas?.width !== size.width || canvas.height !== size.height) canvas = new OffscreenCanvas(size.width, size.height);
  const pen = canvas.getContext("2d", { alpha: false });
  if (!pen) throw new Error("no 2d context");
  pen.imageSmoothingQuality = "high";
  return [canvas, pen];
}
