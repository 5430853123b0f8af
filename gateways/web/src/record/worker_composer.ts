/** Composing in a worker, frame by frame (Chromium). The page only carries streams across. */

import { type Composer, nothingYet, type Progress, type Sources } from "./composer";
import type { Corner } from "./layout";
import type { Order } from "./compose.worker";

export class WorkerComposer implements Composer {
  readonly track: MediaStreamTrack;
  progress: Progress = nothingYet();
  private readonly worker = new Worker(new URL("./compose.worker.ts", import.meta.url), { type: "module" });
  private readonly clones: MediaStreamTrack[] = [];

  constructor() {
    const generator = new MediaStreamTrackGenerator!({ kind: "video" });
    this.track = generator;
    this.worker.onmessage = ({ data }: MessageEvent<Progress>) => {
      this.progress = data;
    };
    this.order({ kind: "out", stream: generator.writable }, [generator.writable]);
  }

  use(sources: Sources): void {
    this.dropClones();
    const screen = this.streamOf(sources.screen);
    const camera = this.streamOf(sources.camera);
    this.order({ kind: "in", screen, camera }, [screen, camera].filter((stream) => stream !== null));
  }

  limit(lines: number): void {
    this.order({ kind: "limit", lines });
  }

  corner(corner: Corner): void {
    this.order({ kind: "corner", corner });
  }

  freeze(frozen: boolean): void {
    this.order({ kind: "freeze", frozen });
  }

  close(): void {
    this.dropClones();
    this.track.stop();
    this.worker.terminate();
  }

  /** A processor stops the track it reads when it is cancelled: it gets a clone of its own. */
  private streamOf(track: MediaStreamTrack | null): ReadableStream<VideoFrame> | null {
    if (!track || track.readyState === "ended") return null;
    const clone = track.clone();
    this.clones.push(clone);
    return new MediaStreamTrackProcessor!({ track: clone, maxBufferSize: 2 }).readable;
  }

  private dropClones(): void {
    for (const clone of this.clones.splice(0)) clone.stop();
  }

  private order(order: Order, transfer: Transferable[] = []): void {
    this.worker.postMessage(order, transfer);
  }
}
