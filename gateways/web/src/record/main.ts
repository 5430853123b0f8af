/** The record page: choose, preview, start, pause, resume, stop. */

import "../common/style.css";
import * as api from "../common/api";
import { copy, copyLater } from "../common/clipboard";
import { byId, element, icon, sentence, show, toast } from "../common/dom";
import { duration } from "../common/format";
import { every } from "../common/ticker";
import { watching } from "../common/watching";
import { countdown } from "./countdown";
import { devices } from "./devices";
import { alive, Inputs } from "./inputs";
import { forget, keep, kept, type Kept } from "./kept";
import type { Corner } from "./layout";
import { sendWhatIsLeft } from "./left_over";
import { Observer } from "./observer";
import { type Phase, Recorder } from "./recorder";
import { meterOf } from "./sound";
import type { Warning } from "./warnings";
import { sendsH264 } from "./whip";

const inputs = new Inputs(refresh);
let recorder: Recorder | null = null;
let trouble = "";
let asking: Promise<void> = Promise.resolve();
let starting = false;

const preview = byId<HTMLVideoElement>("preview");
const link = byId<HTMLInputElement>("link");
const start = byId<HTMLButtonElement>("start");

const PHASES: Record<Phase, string> = {
  connecting: "Connecting…",
  recording: "Recording",
  paused: "Paused",
  kept: "Recording here, connection lost",
  reconnecting: "Connection lost. Trying again…",
  stopping: "Finishing…",
  stopped: "Finished",
  over: "Ended",
};

/** Do what a click asks for; a refusal is shown, and the next click begins afresh. */
function attempt(what: () => Promise<void>): Promise<void> {
  trouble = "";
  const done = what().catch((error: unknown) => {
    trouble = sentence(error);
  });
  asking = done;
  return done.finally(refresh);
}

function refresh(): void {
  const track = inputs.composer?.track ?? null;
  const shown = (preview.srcObject as MediaStream | null)?.getVideoTracks()[0] ?? null;
  if (track !== shown) {
    preview.srcObject = track && new MediaStream([track]);
    if (track) void preview.play().catch(() => undefined); // an interrupted play() is not an error
  }
  preview.classList.toggle("mirrored", inputs.type === "webcam");
  const missing = inputs.wantsScreen && !alive(inputs.screen) && !inputs.screen;
  show(byId("nothing"), missing || (inputs.wantsCamera && !inputs.camera));
  show(byId("choose"), missing);
  byId("nothing-text").textContent = missing ? "Choose what to show." : "The camera is starting…";
  show(byId("camera-field"), inputs.wantsCamera);
  show(byId("corner-field"), inputs.type === "screen_webcam");
  void listDevices();
  renderWarnings();
}

async function listDevices(): Promise<void> {
  const { cameras, microphones } = await devices();
  fill(byId<HTMLSelectElement>("camera"), [["", "Default camera"], ...named(cameras)], inputs.cameraId);
  const chosen = inputs.microphoneWanted ? inputs.microphoneId : "none";
  const all: [string, string][] = [["", "Default microphone"], ...named(microphones), ["none", "No microphone"]];
  fill(byId<HTMLSelectElement>("mic"), all, chosen);
}

const named = (found: MediaDeviceInfo[]): [string, string][] =>
  found.flatMap(({ deviceId, label }) => (deviceId && label && deviceId !== "default" ? [[deviceId, label]] : []));

function fill(select: HTMLSelectElement, options: [string, string][], chosen: string): void {
  const before = [...select.options].map((option) => option.value).join("\n");
  if (before !== options.map(([value]) => value).join("\n"))
    select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  select.value = chosen;
}

// --- warnings ---

let warnings: Warning[] = [];
let rendered = "";

function renderWarnings(): void {
  const lines: (Warning | { id: "trouble"; text: string; action?: never })[] = [...warnings];
  if (trouble) lines.unshift({ id: "trouble", text: trouble });
  const key = JSON.stringify(lines);
  if (key === rendered) return; // a list that is read out is not touched without need
  rendered = key;
  byId("warnings").replaceChildren(
    ...lines.map(({ id, text, action }) => {
      const item = element("li", { "data-testid": "warning", "data-warning": id }, icon("warning"), element("span", {}, text));
      if (action === "choose-screen")
        item.append(element("button", { type: "button", onclick: () => void attempt(() => inputs.chooseScreen()) }, "Share again"));
      if (action === "choose-camera")
        item.append(element("button", { type: "button", onclick: () => void attempt(() => inputs.chooseCamera()) }, "Try again"));
      return item;
    }),
  );
}

new Observer(inputs, () => recorder, (found) => {
  warnings = found;
  renderWarnings();
});

// --- setting up ---

for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=type]"))
  radio.addEventListener("click", (event) => {
    const byPointer = event.detail > 0; // arrow keys walk over the choices: no dialog for each
    void attempt(async () => {
      await inputs.choose(radio.value as api.RecordingType);
      if (inputs.wantsScreen && !alive(inputs.screen) && byPointer) await inputs.chooseScreen();
      if (inputs.wantsCamera && !alive(inputs.camera)) await inputs.chooseCamera();
      await firstMicrophone();
    });
  });

/** The microphone comes with the first choice, so that its level is seen before Start. A refusal is no obstacle. */
async function firstMicrophone(): Promise<void> {
  void inputs.sound.wake();
  if (!inputs.microphone && inputs.microphoneWanted) await inputs.chooseMicrophone();
}

byId("choose").addEventListener("click", () =>
  void attempt(async () => {
    await inputs.chooseScreen();
    if (inputs.wantsCamera && !alive(inputs.camera)) await inputs.chooseCamera();
    await firstMicrophone();
  }),
);

byId<HTMLSelectElement>("mic").addEventListener("change", ({ target }) => {
  const { value } = target as HTMLSelectElement;
  inputs.microphoneWanted = value !== "none";
  void attempt(() => inputs.chooseMicrophone(value === "none" ? "" : value));
});
byId<HTMLSelectElement>("camera").addEventListener("change", ({ target }) =>
  void attempt(() => inputs.chooseCamera((target as HTMLSelectElement).value)),
);
byId<HTMLSelectElement>("corner").addEventListener("change", ({ target }) =>
  inputs.place((target as HTMLSelectElement).value as Corner),
);
byId<HTMLSelectElement>("quality").addEventListener("change", ({ target }) =>
  inputs.limit(Number((target as HTMLSelectElement).value)),
);

// --- recording ---

byId("setup").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!starting && !recorder) void begin();
});

async function begin(): Promise<void> {
  starting = true;
  start.disabled = true;
  const earlier = asking; // a picker may still be open
  await attempt(async () => {
    await earlier;
    await inputs.completeAll();
    await microphoneIfAllowed();
    await inputs.sound.wake();
    const made = await announce();
    const go = await countdown();
    if (!go) return callOff(made);
    record(made);
  });
  starting = false;
  start.disabled = false;
}

async function microphoneIfAllowed(): Promise<void> {
  try {
    await firstMicrophone();
  } catch (error) {
    inputs.microphoneWanted = false;
    toast(`Recording without a microphone. ${sentence(error)}`, 8_000);
  }
}

/** The recording exists from here on, and its link is on the clipboard while 3-2-1 runs. */
async function announce(): Promise<Kept> {
  const wish = {
    title: byId<HTMLInputElement>("title").value.trim(),
    recording_type: inputs.type,
    settings: { lines: inputs.lines, corner: inputs.corner, microphone: inputs.microphoneWanted },
  };
  const started = api.start(wish);
  const copied = copyLater(started.then(({ watch_url }) => absolute(watch_url)));
  const made = await started;
  showLink(absolute(made.watch_url));
  void copied.then((done) =>
    toast(done ? "The link is on your clipboard: paste it anywhere." : "Copy the link below: the browser does not let Loom do it."),
  );
  const { id, whip_url, whip_token, watch_url, recording_type } = made;
  return { id, whip_url, whip_token, watch_url, recording_type, elapsedMs: 0 };
}

async function callOff(made: Kept): Promise<void> {
  show(byId("link-box"), false);
  await api.remove(made.id);
}

const absolute = (url: string): string => new URL(url, location.href).href;

function showLink(url: string): void {
  link.value = url;
  show(byId("link-box"));
}

function record(made: Kept): void {
  keep(made);
  const mine = new Recorder(made, inputs, {
    phase: (phase, why) => showPhase(mine, made, phase, why),
    watched: (count) => {
      byId("watching").textContent = watching(count);
    },
  });
  recorder = mine;
  showLink(absolute(made.watch_url));
  show(byId("setup"), false);
  show(byId("continue"), false);
  show(byId("controls"));
  show(byId("on-air"));
  byId("stop").focus();
  showPhase(mine, made, "connecting", "");
  void mine.open();
}

function showPhase(mine: Recorder, made: Kept, phase: Phase, why: string): void {
  byId("phase").textContent = phase === "stopping" && why ? `Finishing: ${why}` : PHASES[phase];
  byId("on-air").dataset["phase"] = phase;
  trouble = troubleOf(phase, why);
  show(byId("pause"), ["recording", "kept", "reconnecting", "connecting"].includes(phase));
  show(byId("resume"), phase === "paused");
  byId<HTMLButtonElement>("pause").disabled = phase !== "recording";
  for (const id of ["stop", "resume"]) byId<HTMLButtonElement>(id).disabled = !mine.live;
  document.title = `${phase === "recording" ? "● " : ""}${PHASES[phase]} · Loom`;
  renderWarnings();
  if (phase === "stopped") leave(made);
  if (phase === "over") ended(why);
}

function troubleOf(phase: Phase, why: string): string {
  if (phase === "kept") return `${why} Nothing is lost: the recording goes on here and is sent as soon as there is a connection.`;
  return phase === "reconnecting" || (phase === "connecting" && why) ? `${why} Trying again; it goes on in the same recording.` : "";
}

/** How fast it leaves, which way, and what still waits. */
function lineOf({ rate, way, behindS, phase, hasHoles }: Recorder): string {
  const waiting = behindS >= 2 ? `${Math.round(behindS)} s wait to be sent` : "";
  if (phase === "kept") return waiting;
  const speed = rate ? `${(rate.bitrate / 1e6).toFixed(1)} Mbit/s · ${Math.round(rate.framesPerSecond)} fps` : "";
  const how = [way === "web" ? "over the web port" : "", sendsH264() ? "" : "converted on the server"];
  return [speed, ...how, waiting, hasHoles ? "no more room: some is missing" : ""].filter(Boolean).join(" · ");
}

/** What was recorded is there at once. */
function leave(made: Kept): void {
  recorder = null;
  inputs.close();
  location.assign(new URL(absolute(made.watch_url)).pathname);
}

function ended(why: string): void {
  recorder = null;
  show(byId("controls"), false);
  show(byId("setup"));
  show(byId("on-air"), false);
  trouble = why;
  renderWarnings();
}

const pauseOrResume = async (): Promise<void> => {
  if (recorder?.phase === "recording") await recorder.pause();
  else if (recorder?.phase === "paused") await recorder.resume();
};
byId("pause").addEventListener("click", () => void attempt(pauseOrResume));
byId("resume").addEventListener("click", () => void attempt(pauseOrResume));
byId("stop").addEventListener("click", () => void recorder?.stop());
byId("copy").addEventListener("click", () => {
  link.select();
  void copy(link.value).then((done) => toast(done ? "Link copied." : "Press Ctrl+C to copy the link."));
});

document.addEventListener("keydown", (event) => {
  if (!recorder?.live || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if ((event.target as HTMLElement).closest("input, select, textarea")) return;
  if (event.key.toLowerCase() === "p") void attempt(pauseOrResume);
  if (event.key.toLowerCase() === "s") void recorder.stop();
});

// --- all the time ---

every(100, () => {
  byId("level").style.clipPath = `inset(0 ${(100 - 100 * meterOf(inputs.level())).toFixed(1)}% 0 0)`;
  if (recorder) byId("elapsed").textContent = duration(recorder.elapsed.at(performance.now()) / 1000);
});
every(1_000, () => {
  recorder?.remember();
  const line = byId("line");
  const says = recorder && ["recording", "kept"].includes(recorder.phase) ? lineOf(recorder) : "";
  show(line, says !== "");
  line.textContent = says;
});
window.addEventListener("beforeunload", (event) => {
  if (!recorder?.live) return;
  recorder.remember();
  event.preventDefault();
});
navigator.mediaDevices?.addEventListener("devicechange", () => void listDevices());

// --- the tab was reloaded, or came back from a crash ---

async function offerToContinue(before: Kept): Promise<void> {
  let found: api.Recording;
  try {
    found = await api.get(before.id);
  } catch (error) {
    if (error instanceof api.Problem && !error.passing) forget();
    return;
  }
  if (!api.isLive(found.status)) return forget();
  byId("continue-text").textContent = `You were recording “${found.title || "Untitled"}” (${duration(before.elapsedMs / 1000)}). It can go on where it was.`;
  show(byId("continue"));
  const type = document.querySelector<HTMLInputElement>(`input[name=type][value=${before.recording_type}]`);
  byId("continue-go").onclick = () =>
    void attempt(async () => {
      if (type) type.checked = true;
      await inputs.choose(before.recording_type);
      await inputs.completeAll();
      await microphoneIfAllowed();
      await inputs.sound.wake();
      if (found.status === "paused") await api.control(before.id, "resume");
      record(before);
    });
  byId("continue-stop").onclick = () =>
    void attempt(async () => {
      await sendWhatIsLeft(before, (behindS) => {
        byId("continue-text").textContent = `Sending what had not been sent: ${Math.ceil(behindS)} s are left…`;
      });
      await api.control(before.id, "stop");
      forget();
      location.assign(new URL(absolute(before.watch_url)).pathname);
    });
}

const before = kept();
if (before) void offerToContinue(before);
refresh();
