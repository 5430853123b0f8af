/** The watch page: live while it is being recorded, and simply still there afterwards. */

import "../common/style.css";
import "media-chrome";
import "media-chrome/menu";
import * as api from "../common/api";
import { copy } from "../common/clipboard";
import { byId, sentence, show, toast } from "../common/dom";
import { listen, type Listener } from "../common/events";
import { duration, when } from "../common/format";
import { LiveBars } from "../common/jobs";
import { viewerName, watching } from "../common/watching";
import { Controls } from "./controls";
import { Editing } from "./edit";
import { Link } from "./link";
import { Player } from "./player";

const SOURCE_SILENT_MS = 3_500;
const AGAIN_MS = [500, 1_000, 2_000, 4_000];
const id = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop() ?? "");
const link = new Link(() => api.get(id));
const video = byId<HTMLVideoElement>("video");
const live = byId<HTMLButtonElement>("live");
const jobs = new LiveBars();
byId("description").after(jobs.bars.list);
let recording: api.Recording | null = null;
let gone = false;
let percent: number | null = null; // of a file that is imported
let heardAt = NaN; // when the gateway last measured the source: it does so every second while there is one

const player = new Player(video, link, {
  looked: showLive,
  muted: () => show(byId("unmute")),
  failed: (why) => cover("It does not play", why),
});

const controls = new Controls(player, video, link);
const editing = new Editing(player, video, link, (origin) => controls.shows(origin));

const WORDS: Record<api.Status, string> = {
  preparing: "About to begin",
  recording: "Recording now",
  paused: "Paused",
  processing: "",
  completed: "",
  failed: "Nothing was recorded",
};

function showRecording(found: api.Recording): void {
  recording = found;
  link.take(found);
  controls.know(found);
  editing.know(found);
  const title = found.title || "Untitled recording";
  byId("title").textContent = title;
  document.title = `${found.status === "recording" ? "● " : ""}${title} · Loom`;
  const facts = [when(found.started_at ?? found.created_at)];
  if (found.duration_seconds) facts.push(duration(found.duration_seconds));
  byId("facts").textContent = facts.join(" · ");
  byId("description").textContent = found.description;
  showStatus();
  if (found.status === "failed") coverFailed(found);
}

function coverFailed({ recording_type, failure_reason }: api.Recording): void {
  const title = recording_type === "import" ? "This file could not be imported" : "Nothing was recorded";
  cover(title, failure_reason || "The recording ended before anything was sent.");
}

const isImport = (): boolean => recording?.recording_type === "import";

/** How far a file has been imported, in words. */
function importing(): string {
  return percent === null ? "Waiting to be imported…" : `Importing… ${percent} %`;
}

const sourceLost = (): boolean =>
  !isImport() && recording?.status === "recording" && performance.now() - heardAt > SOURCE_SILENT_MS;

function showStatus(): void {
  if (!recording) return;
  const { status } = recording;
  const lost = sourceLost();
  player.quiet = status === "paused" || lost;
  const ended = !api.isLive(status) && status !== "failed";
  const imported = isImport() && api.isLive(status);
  const word = isImport() && status === "failed" ? "Not imported" : WORDS[status];
  byId("status").textContent = imported ? importing() : lost ? "Waiting for the recorder…" : ended && player.live ? "Ended" : word;
  byId("status").dataset["status"] = imported ? "importing" : status;
  if (imported && !byId("waiting").hidden) waiting(importing());
}

let shownStatus = "";

function showLive(): void {
  controls.paint();
  const following = player.live && player.following && player.latency() < 6;
  show(live, player.live);
  live.dataset["following"] = String(following);
  live.setAttribute("aria-label", following ? "Live" : "Go to live");
  video.dataset["latency"] = player.latency().toFixed(2);
  const key = `${recording?.status} ${player.live} ${sourceLost()}`;
  if (key !== shownStatus) showStatus();
  shownStatus = key;
}

function cover(title: string, text: string): void {
  gone = true;
  show(byId("waiting"), false);
  byId("gone-title").textContent = title;
  byId("gone-text").textContent = text;
  show(byId("gone"));
  video.removeAttribute("src");
  player.hls?.destroy();
}

function showGone(problem: api.Problem): void {
  show(byId("about"), false);
  document.title = "Not here · Loom";
  if (problem.status === 410) cover("This recording was deleted", "Whoever recorded it has taken it away for good.");
  else cover("There is no such recording", "The link may be incomplete. Ask for it again.");
}

/** The recording, as soon as the server says anything about it. Resolves false when there is none. */
async function find(): Promise<boolean> {
  for (let tries = 0; ; tries += 1) {
    try {
      showRecording(await api.get(id));
      return true;
    } catch (error) {
      if (error instanceof api.Problem && !error.passing) {
        showGone(error);
        return false;
      }
      waiting(`${sentence(error)} Trying again…`);
      await pause(AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]!);
    }
  }
}

/** A playlist comes with its first part; until then there is a friendly word. */
async function untilThereIsMedia(): Promise<void> {
  for (let tries = 0; !gone; tries += 1) {
    const answer = await fetch(await link.fresh(link.url), { signal: AbortSignal.timeout(20_000) }).catch(() => null);
    if (answer?.ok) return;
    if (answer?.status === 410) return showGone(new api.Problem(410, ""));
    waiting(isImport() ? importing() : recording && api.isLive(recording.status) ? "Waiting for the recording to begin…" : "Getting the recording…");
    await pause(AGAIN_MS[Math.min(tries, 1)]!);
  }
}

function waiting(text: string): void {
  if (gone) return;
  byId("waiting-text").textContent = text;
  show(byId("waiting"));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const viewer = viewerName();
let attentive = true;
let stopListening = (): void => undefined;

/** Hear what happens to the recording; whoever neither sees nor plays it is not watching. */
function follow(): void {
  stopListening();
  const told: Listener = {
    status: showRecording,
    watched: (count) => {
      byId("watching").textContent = watching(count);
    },
    progress: (said) => jobs.take(said),
    deleted: () => showGone(new api.Problem(410, "")),
    source: ({ progress }) => {
      heardAt = performance.now();
      percent = progress ?? percent;
      showStatus();
    },
    away: (away) => {
      if (away) heardAt = NaN; // then it is the server we do not hear
    },
  };
  stopListening = listen(id, told, attentive ? viewer : "");
}

function attend(): void {
  const now = !document.hidden || !video.paused;
  if (now === attentive || !recording || gone) return;
  attentive = now;
  follow();
}

async function watch(): Promise<void> {
  const timer = setTimeout(() => waiting(isImport() ? importing() : "Waiting for the recording to begin…"), 600);
  if (!(await find())) return clearTimeout(timer);
  follow();
  await untilThereIsMedia();
  clearTimeout(timer);
  if (gone) return;
  show(byId("waiting"), false);
  player.begin(recording !== null && api.isLive(recording.status) && !isImport());
}

live.addEventListener("click", () => player.toLive());
byId("unmute").addEventListener("click", () => {
  video.muted = false;
  show(byId("unmute"), false);
});
video.addEventListener("volumechange", () => {
  if (!video.muted) show(byId("unmute"), false);
});
document.addEventListener("visibilitychange", attend);
for (const event of ["play", "pause"]) video.addEventListener(event, attend);
byId("copy").addEventListener("click", () =>
  void copy(location.href).then((done) => toast(done ? "Link copied." : "Copy the address of this page.")),
);

/** What tests and curious people may look at in the console. */
Object.assign(window, {
  loom: {
    hls: player.hls,
    video,
    latency: () => player.latency(),
    state: () => ({
      live: player.live,
      following: player.following,
      latency: player.latency(),
      target: player.controller.target,
      rate: player.controller.rate,
      changes: player.controller.changes,
      stalls: player.stalls,
    }),
  },
});

void watch();
