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

/** Files of this origin that a worker reads and writes at once (File System, section 2.6). */
interface FileSystemSyncAccessHandle {
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  close(): void;
}

interface SyncFile extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}

/** What a worker gets of an RTCRtpScriptTransform (WebRTC Encoded Transform, section 4). */
interface RTCRtpScriptTransformer {
  readonly readable: ReadableStream<RTCEncodedVideoFrame | RTCEncodedAudioFrame>;
  readonly writable: WritableStream<RTCEncodedVideoFrame | RTCEncodedAudioFrame>;
  readonly options: unknown;
}
