/** The library: every recording with its picture, title, duration and link. */

import "../common/style.css";
import * as api from "../common/api";
import { byId, sentence, show } from "../common/dom";
import { card } from "./card";

const REFRESH_MS = 5_000;
const list = byId("list");
const more = byId<HTMLButtonElement>("more");
let cursor = "";
const shown = new Map<string, { card: HTMLElement; recording: api.Recording }>();

function complain(error: unknown): void {
  byId("trouble").textContent = error === null ? "" : sentence(error);
  show(byId("trouble"), error !== null);
}

const settle = (): void => show(byId("empty"), shown.size === 0);

function make(recording: api.Recording): HTMLElement {
  const made = card(recording, {
    complain,
    removed: (id) => {
      shown.get(id)?.card.remove();
      shown.delete(id);
      settle();
    },
  });
  shown.set(recording.id, { card: made, recording });
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

more.addEventListener("click", () => void load());
void load();
setInterval(() => void refresh(), REFRESH_MS);
document.addEventListener("visibilitychange", () => void refresh());
