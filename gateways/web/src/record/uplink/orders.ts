/** What page and worker say to each other. */

import type { Inputs } from "./encoders";

export type Order =
  | { kind: "open"; id: string; url: string; token: string; offsetUs: number | null }
  /** Encode here, from now on. */
  | { kind: "encode"; inputs: Inputs }
  /** WebRTC sends: its own frames are kept, as soon as one of them can stand alone; or none, where they are not seen. */
  | { kind: "follow"; watched: boolean }
  /** Whether WebRTC is believed to arrive: only then old frames are let go. `sinceUs`: since when it is not. */
  | { kind: "trust" }
  | { kind: "doubt"; sinceUs: number }
  /** `patient`: WebRTC may be heard again, now that the server answers. */
  | { kind: "connect"; patient: boolean }
  /** WebRTC arrives after all: no connection over the web port, unless it is too late to say so. */
  | { kind: "callOff" }
  | { kind: "hurry" }
  | { kind: "pause"; paused: boolean }
  /** Send all there is, then say `finished`. */
  | { kind: "finish" }
  /** End; what is kept is removed, or stays for the next visit. */
  | { kind: "close"; remove: boolean };

export interface Measured {
  kind: "measured";
  bitrate: number;
  framesPerSecond: number;
  /** Seconds of media that wait to be sent. */
  behindS: number;
  hasHoles: boolean;
}

export type Word =
  /** Ready; `backlogS` seconds are here from an earlier visit, `encodes` tells whether this browser can encode. */
  | { kind: "opened"; backlogS: number; encodes: boolean }
  | { kind: "connected" }
  | { kind: "lost"; why: string }
  | { kind: "over"; why: string }
  | { kind: "finished" }
  /** The encoders have given up. */
  | { kind: "failed"; why: string }
  /** WebRTC's own frames are kept now: the encoders have stopped. */
  | { kind: "followed" }
  /** How far the server's clock is from this computer's: to be kept for the next visit. */
  | { kind: "clock"; offsetUs: number }
  /** There is none; otherwise it goes on, and `connected` follows. */
  | { kind: "calledOff" }
  | { kind: "closed" }
  | Measured;
