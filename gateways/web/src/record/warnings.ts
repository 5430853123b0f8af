/** What a person should hear while it can still be helped. Pure: observations in, warnings out. */

export interface Observations {
  recording: boolean; // sent and counted now: not paused, not reconnecting
  now: number; // ms, as all times here
  microphoneWanted: boolean;
  heardAt: number; // the microphone was last louder than silence
  cameraWanted: boolean;
  cameraFrameAt: number;
  sentFrameAt: number;
  screenMuted: boolean; // the browser says nothing comes: minimised, or being changed
  screenEnded: boolean;
  cameraEnded: boolean;
  poorLine: boolean;
  /** Seconds of media that wait here: nothing is lost, but viewers see it later. */
  behindS: number;
  missing: string; // what the server lacks, "" for nothing
  room: string; // what the server says of a disk that fills up, "" while there is room
}

export type Id = "microphone" | "frames" | "camera" | "screen" | "connection" | "server" | "room";

export interface Warning {
  id: Id;
  text: string;
  /** What a button beside it offers. */
  action?: "choose-screen" | "choose-camera";
}

export const SILENT_MS = 10_000;
const NO_FRAMES_MS = 3_000;
const FAR_BEHIND_S = 4;

export function warningsFor(seen: Observations): Warning[] {
  return [microphone, screen, camera, frames, line, server, room].flatMap((look) => look(seen) ?? []);
}

type Look = (seen: Observations) => Warning | null;

const microphone: Look = ({ recording, microphoneWanted, now, heardAt }) =>
  recording && microphoneWanted && now - heardAt >= SILENT_MS
    ? { id: "microphone", text: "Your microphone has been silent for 10 seconds. Is it muted, or the wrong one?" }
    : null;

const screen: Look = ({ screenEnded, screenMuted }) => {
  if (screenEnded)
    return {
      id: "screen",
      text: "The shared window was closed. The recording goes on with its last picture.",
      action: "choose-screen",
    };
  return screenMuted
    ? { id: "screen", text: "The shared window shows nothing at the moment. Is it minimised?" }
    : null;
};

const camera: Look = ({ cameraWanted, cameraEnded, now, cameraFrameAt }) => {
  if (!cameraWanted || (!cameraEnded && now - cameraFrameAt < NO_FRAMES_MS)) return null;
  const text = cameraEnded ? "The camera was unplugged." : "No new pictures come from the camera.";
  return { id: "camera", text, action: "choose-camera" };
};

const frames: Look = ({ recording, now, sentFrameAt }) =>
  recording && now - sentFrameAt >= NO_FRAMES_MS
    ? { id: "frames", text: "No new pictures are being sent. The computer may be too busy." }
    : null;

const line: Look = ({ recording, poorLine, behindS }) => {
  if (!recording) return null;
  if (behindS >= FAR_BEHIND_S)
    return { id: "connection", text: "Your connection is slow: viewers see it some seconds later. Nothing is lost." };
  return poorLine ? { id: "connection", text: "Your connection is poor: viewers may see a blurred or halting picture." } : null;
};

const room: Look = ({ room: text }) => (text ? { id: "room", text } : null);

const server: Look = ({ recording, missing }) =>
  recording && missing ? { id: "server", text: `The server has trouble (${missing}). The recording goes on as long as it can.` } : null;
