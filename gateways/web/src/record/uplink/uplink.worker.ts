/** The worker that keeps what was captured until the server has it, and sends it over the web port where it must. */

import { Congestion } from "./congestion";
import { Door } from "./door";
import { canEncode, Encoders, type Inputs } from "./encoders";
import { Journal } from "./journal";
import type { Order, Word } from "./orders";
import { clean, MemoryStore, OpfsStore, type Store } from "./store";
import { type Kind, tap } from "./tap";
import { AUDIO, BREAK, type Sample, VIDEO } from "./wire";

const KEPT_US = 20_000_000; // while WebRTC arrives: what a cut may have cost, and a while more
const MEASURE_MS = 300;
const HEARD_AGAIN_MS = 700; // longer than the page takes to look at what WebRTC has heard

let journal: Journal | null = null;
let store: Store | null = null;
let door: Door | null = null;
let encoders: Encoders | null = null;
let congestion: Congestion | null = null;
let recording = { url: "", token: "" };
/** Whose frames are kept: the encoders' or WebRTC's. */
let source: "none" | "encoders" | "webrtc" = "none";
let following = false;
let trusted = false;
let doubtfulUs = -Infinity;
let paused = false;
let frames = 0;
/** From this computer's clock to the server's: the same for the whole recording, whatever is measured later. */
const clock = {
  us: null as number | null,
  keep(us: number): void {
    clock.us = us;
    say({ kind: "clock", offsetUs: us });
  },
};

const say = (word: Word): void => postMessage(word);

onmessage = ({ data }: MessageEvent<Order>) => void obey(data);

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case "open":
      return open(order);
    case "encode":
      return encode(order.inputs);
    case "follow":
      following = order.watched;
      if (!order.watched) {
        stopEncoders(); // this browser does not show what it sends: nothing is kept while WebRTC arrives
        source = "none";
        say({ kind: "followed" });
      }
      return;
    case "trust":
      trusted = true;
      return;
    case "doubt":
      trusted = false;
      doubtfulUs = order.sinceUs;
      return;
    case "connect":
      door ??= new Door(recording.url, recording.token, journal!, told, clock, journal!.since(doubtfulUs), order.patient ? HEARD_AGAIN_MS : 0);
      return;
    case "callOff":
      if (door?.hasSpoken) return;
      door?.close();
      door = null;
      return say({ kind: "calledOff" });
    case "hurry":
      return door?.hurry();
    case "pause":
      return pause(order.paused);
    case "finish":
      await encoders?.flush();
      stopEncoders();
      source = "none";
      return door?.end();
    case "close":
      return close(order.remove);
  }
}

const told = {
  connected: (): void => say({ kind: "connected" }),
  lost: (why: string): void => say({ kind: "lost", why }),
  over: (why: string): void => say({ kind: "over", why }),
  finished: (): void => say({ kind: "finished" }),
};

async function open(order: Extract<Order, { kind: "open" }>): Promise<void> {
  recording = order;
  clock.us = order.offsetUs;
  await clean();
  try {
    store = await OpfsStore.open(order.id);
  } catch {
    store = new MemoryStore(); // private windows have no files; a second page of the same recording neither
  }
  journal = new Journal(store);
  const backlogS = journal.end > journal.begin ? journal.secondsFrom(journal.begin) : 0;
  if (backlogS > 0) journal.add({ type: BREAK, key: false, atUs: journal.newestUs, data: new Uint8Array() });
  say({ kind: "opened", backlogS, encodes: await canEncode() });
}

// --- what is kept ---

function encode(inputs: Inputs): void {
  stopEncoders();
  following = false;
  congestion = new Congestion(inputs.bitrate);
  encoders = new Encoders(
    inputs,
    (sample) => take("encoders", sample),
    (why) => {
      stopEncoders();
      say({ kind: "failed", why });
    },
  );
  encoders.pause(paused);
}

function stopEncoders(): void {
  frames += encoders?.frames ?? 0;
  encoders?.close();
  encoders = null;
}

function take(from: "encoders" | "webrtc", sample: Sample): void {
  if (paused || !journal) return;
  const stands = sample.type === VIDEO && sample.key;
  if (from === "encoders" && source !== "encoders" && stands && encoders) {
    if (source === "webrtc") journal.cutVideo(sample.atUs);
    source = "encoders";
  }
  if (from === "webrtc" && source !== "webrtc" && stands && (following || source === "none")) {
    source = "webrtc";
    stopEncoders();
    say({ kind: "followed" });
  }
  if (from === source) {
    journal.add(sample);
    if (from === "webrtc" && sample.type === VIDEO) frames += 1;
    if (source === "webrtc" && trusted && sample.type === AUDIO) journal.trim(sample.atUs - KEPT_US);
  } else if (from === "webrtc" && sample.type === VIDEO) journal.witness(sample);
}

function pause(now: boolean): void {
  if (paused === now) return;
  paused = now;
  encoders?.pause(now);
  if (now && journal && journal.end > journal.begin)
    journal.add({ type: BREAK, key: false, atUs: journal.newestUs, data: new Uint8Array() });
}

async function close(remove: boolean): Promise<void> {
  stopEncoders();
  door?.close();
  clearInterval(measuring);
  if (remove) await store?.remove();
  else store?.close();
  say({ kind: "closed" });
}

(self as unknown as { onrtctransform: (event: { transformer: RTCRtpScriptTransformer }) => void }).onrtctransform = ({ transformer }) => {
  const { kind } = transformer.options as { kind: Kind };
  void tap(transformer, kind, (sample) => take("webrtc", sample)).catch(() => undefined); // the session is over
};

// --- what is told ---

let before = { atMs: performance.now(), bytes: 0, frames: 0 };
let bitrate = 0;
let framesPerSecond = 0;
let lookedMs = 0;

const measuring = setInterval(() => {
  if (!journal) return;
  const now = { atMs: performance.now(), bytes: door?.bytes ?? 0, frames: frames + (encoders?.frames ?? 0) };
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  bitrate = 0.7 * bitrate + 0.3 * Math.max(0, ((now.bytes - before.bytes) * 8) / seconds);
  framesPerSecond = 0.7 * framesPerSecond + 0.3 * Math.max(0, (now.frames - before.frames) / seconds);
  before = now;
  const behindS = door ? journal.secondsFrom(door.cursor) : 0;
  if (door?.isOpen && encoders && congestion && now.atMs - lookedMs >= 1_000) {
    lookedMs = now.atMs;
    encoders.limit(congestion.look(behindS, now.atMs / 1000));
  }
  say({ kind: "measured", bitrate, framesPerSecond, behindS, hasHoles: journal.hasHoles });
}, MEASURE_MS);
