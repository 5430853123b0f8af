/** The library: every recording with its picture, title, duration and link. */

import "../common/style.css";
import * as api from "../common/api";
import { byId, sentence, show } from "../common/dom";
import { Bars } from "../common/jobs";
import { card } from "./card";
import { dropping } from "./dropping";
import { Uploads } from "./uploads";

const REFRESH_MS = 5_000;
const list = byId("list");
const more = byId<HTMLButtonElement>("more");
let cursor = "";
const shown = new Map<string, { card: HTMLElement; recording: api.Recording; bars: Bars }>();

function complain(error: unknown): void {
  byId("trouble").textContent = error === null ? "" : sentence(error);
  show(byId("trouble"), error !== null);
}

const settle = (): void => show(byId("empty"), shown.size === 0);

function make(recording: api.Recording): HTMLElement {
  const bars = new Bars();
  const told = {
    complain,
    removed: (id: string) => {
      shown.get(id)?.card.remove();
      shown.delete(id);
      settle();
    },
  };
  const made = card(recording, told, bars.list);
  shown.set(recording.id, { card: made, recording, bars });
  return made;
}

async function load(): Promise<void> {
  more.disabled = true;
  try {
    const page = await api.list(cursor);
    cursor = page.next_cursor;
    for (const recording of page.recordings) if (!shown.has(recording.id)) list.append(make(recording));
    complain(null);
    settle();
    show(more, cursor !== "");
  } catch (error) {
    complain(error);
  } finally {
    more.disabled = false;
  }
}

/** How far the work on each recording is; without an answer it stays as it was. */
async function advance(): Promise<void> {
  if (document.hidden) return;
  const jobs = await api.jobs().catch(() => null);
  if (!jobs) return;
  for (const [id, { bars }] of shown) {
    const its = jobs.filter((job) => job.recording_id === id);
    bars.show(its.map((job) => ({ job_id: job.id, job_type: job.job_type, status: job.status, progress: job.progress })));
  }
}

/** What is live changes by itself; a card somebody is working in is left alone. */
async function refresh(): Promise<void> {
  if (document.hidden) return;
  let page: api.RecordingPage;
  try {
    page = await api.list();
  } catch {
    return; // the next one comes in seconds
  }
  let place: Element | null = null;
  for (const recording of page.recordings) {
    const before = shown.get(recording.id);
    if (!before) {
      const made = make(recording);
      if (place) place.after(made);
      else list.prepend(made);
    } else if (before.recording.updated_at !== recording.updated_at && !before.card.contains(document.activeElement)) {
      before.card.replaceWith(make(recording));
    }
    place = shown.get(recording.id)?.card ?? place;
  }
  settle();
}

const file = byId<HTMLInputElement>("file");
let running = 0;

const uploads = new Uploads(
  byId("uploads"),
  {
    complain,
    running: (count) => {
      running = count;
    },
    done: (id) => {
      if (running === 0 && id) location.assign(api.watchPath(id));
      else void refresh();
    },
  },
  () => file.click(),
);

function upload(files: Iterable<File>): void {
  for (const one of files) void uploads.add(one).catch(complain);
}

byId("upload").addEventListener("click", () => file.click());
file.addEventListener("change", () => {
  upload([...(file.files ?? [])]);
  file.value = "";
});
dropping(byId("veil"), upload);
addEventListener("beforeunload", (event) => {
  if (running) event.preventDefault();
});
void uploads.remember().catch(complain);

more.addEventListener("click", () => void load());
void load().then(advance);
setInterval(() => void refresh().then(advance), REFRESH_MS);
document.addEventListener("visibilitychange", () => void refresh());
