/** What WebRTC sends, seen on its way out (RTCRtpScriptTransform): a copy that costs no second encoding. */

import { CaptureClock, Unwrapper } from "./capture_clock";
import { AUDIO, type Sample, VIDEO } from "./wire";

const TICKS_A_MS = { video: 90, audio: 48 };

export type Kind = "video" | "audio";

/** Pass everything on; hand over a copy of each frame or packet. */
export async function tap({ readable, writable }: RTCRtpScriptTransformer, kind: Kind, out: (sample: Sample) => void): Promise<void> {
  const clock = new CaptureClock();
  const unwrapper = new Unwrapper();
  const copy = (frame: RTCEncodedVideoFrame | RTCEncodedAudioFrame): void => {
    const { rtpTimestamp } = frame.getMetadata() as { rtpTimestamp?: number };
    const us = (unwrapper.unwrap(rtpTimestamp ?? frame.timestamp) / TICKS_A_MS[kind]) * 1000;
    clock.see(us, (performance.timeOrigin + performance.now()) * 1000);
    const key = kind === "video" && (frame as RTCEncodedVideoFrame).type === "key";
    out({ type: kind === "video" ? VIDEO : AUDIO, key, atUs: clock.at(us), data: new Uint8Array(frame.data.slice(0)) });
  };
  const through = new TransformStream<RTCEncodedVideoFrame | RTCEncodedAudioFrame>({
    transform(frame, controller) {
      try {
        copy(frame);
      } finally {
        controller.enqueue(frame); // whatever happens to the copy, the recording goes on
      }
    },
  });
  await readable.pipeThrough(through).pipeTo(writable);
}
