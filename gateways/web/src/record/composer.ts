/** One video track out of screen and camera that never stands still, also in a hidden tab. */

import type { Corner } from "./layout";

export interface Sources {
  screen: MediaStreamTrack | null;
  camera: MediaStreamTrack | null;
}

export interface Progress {
  /** Pictures that came from the screen and the camera, and that went out, since the beginning. */
  screen: number;
  camera: number;
  sent: number;
  width: number;
  height: number;
}

export interface Composer {
  readonly track: MediaStreamTrack;
  readonly progress: Progress;
  /** Take other sources; the track goes on. */
  use(sources: Sources): void;
  /** The longest the sent picture may be, in lines. */
  limit(lines: number): void;
  corner(corner: Corner): void;
  /** Send the last picture again and again: what happens now is nobody's business (pause). */
  freeze(frozen: boolean): void;
  close(): void;
}

export const nothingYet = (): Progress => ({ screen: 0, camera: 0, sent: 0, width: 0, height: 0 });

/** The best this browser can do. */
export async function compose(sources: Sources): Promise<Composer> {
  const can = typeof MediaStreamTrackProcessor !== "undefined" && typeof MediaStreamTrackGenerator !== "undefined";
  const { WorkerComposer } = await import("./worker_composer");
  const { CanvasComposer } = await import("./canvas_composer");
  const made: Composer = can ? new WorkerComposer() : new CanvasComposer();
  made.use(sources);
  return made;
}
