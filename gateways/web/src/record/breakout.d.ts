/** Chromium's insertable streams for tracks (mediacapture-transform), which TypeScript does not know yet. */

interface MediaStreamTrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}

declare var MediaStreamTrackProcessor:
  | { new (init: { track: MediaStreamTrack; maxBufferSize?: number }): MediaStreamTrackProcessor }
  | undefined;

interface MediaStreamTrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}

declare var MediaStreamTrackGenerator:
  | { new (init: { kind: "video" }): MediaStreamTrackGenerator }
  | undefined;
