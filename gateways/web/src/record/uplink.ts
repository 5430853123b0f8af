/** The page's side of the worker that keeps and sends what was captured (`uplink/`). */

import type { Kept } from "./kept";
import type { Outgoing } from "./whip";
import type { Measured, Order, Word } from "./uplink/orders";
import type { Kind } from "./uplink/tap";

export interface Told {
  connected(): void;
  calledOff(): void;
  lost(why: string): void;
  over(why: string): void;
  failed(why: string): void;
  measured(measured: Measured): void;
  clock(offsetUs: number): void;
}

interface Opened {
  backlogS: number;
  encodes: boolean;
}

export class Uplink {
  /** What the worker can do, and what is here from an earlier visit. */
  readonly opened: Promise<Opened>;
  private readonly worker = new Worker(new URL("./uplink/uplink.worker.ts", import.meta.url), { type: "module" });
  private readonly clones: MediaStreamTrack[] = [];
  private finished: (() => void) | null = null;
  private closed: (() => void) | null = null;

  constructor(
    { id, whip_url, whip_token, offsetUs = null }: Kept,
    told: Told,
  ) {
    const address = new URL(whip_url.replace("/whip/", "/ingest/"), location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.opened = new Promise((resolve) => {
      this.worker.onmessage = ({ data: word }: MessageEvent<Word>) => {
        if (word.kind === "opened") resolve(word);
        else if (word.kind === "finished") this.finished?.();
        else if (word.kind === "closed") this.closed?.();
        else if (word.kind === "followed") this.dropClones();
        else if (word.kind === "connected") told.connected();
        else if (word.kind === "calledOff") told.calledOff();
        else if (word.kind === "lost") told.lost(word.why);
        else if (word.kind === "over") told.over(word.why);
        else if (word.kind === "failed") told.failed(word.why);
        else if (word.kind === "clock") told.clock(word.offsetUs);
        else told.measured(word);
      };
    });
    this.order({ kind: "open", id, url: address.href, token: whip_token, offsetUs });
  }

  /** Whether this browser hands over the pictures of a track. */
  static get possible(): boolean {
    return typeof MediaStreamTrackProcessor !== "undefined" && typeof VideoEncoder !== "undefined";
  }

  /** Encode what goes out, beside WebRTC or instead of it. */
  encode({ video, audio, maxBitrate, keep }: Outgoing): void {
    this.dropClones();
    const [picture, sound] = [video.clone(), audio.clone()];
    this.clones.push(picture, sound);
    const streams = {
      video: new MediaStreamTrackProcessor!({ track: picture }).readable as ReadableStream<VideoFrame>,
      audio: new MediaStreamTrackProcessor!({ track: sound }).readable as unknown as ReadableStream<AudioData>,
    };
    const hint = keep === "maintain-resolution" ? "detail" : "motion";
    this.order({ kind: "encode", inputs: { ...streams, bitrate: maxBitrate, hint } }, [streams.video, streams.audio]);
  }

  /** Keep what this connection sends, beginning with the encoders' frames that were made meanwhile. */
  follow(): void {
    this.order({ kind: "follow", watched: typeof RTCRtpScriptTransform !== "undefined" });
  }

  /** See what this connection is going to send. */
  watch(peer: RTCPeerConnection): void {
    if (typeof RTCRtpScriptTransform === "undefined") return;
    for (const sender of peer.getSenders()) {
      const kind = sender.track?.kind as Kind | undefined;
      if (kind) sender.transform = new RTCRtpScriptTransform(this.worker, { kind });
    }
  }

  order(order: Order, transfer: Transferable[] = []): void {
    this.worker.postMessage(order, transfer);
  }

  /** Send all that is left over the web port. */
  async finish(): Promise<void> {
    const done = new Promise<void>((resolve) => (this.finished = resolve));
    this.order({ kind: "connect", patient: false });
    this.order({ kind: "finish" });
    await done;
  }

  async close(remove: boolean): Promise<void> {
    const done = new Promise<void>((resolve) => (this.closed = resolve));
    this.order({ kind: "close", remove });
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    this.dropClones();
    this.worker.terminate();
  }

  private dropClones(): void {
    for (const clone of this.clones.splice(0)) clone.stop();
  }
}
