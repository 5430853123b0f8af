/** One recording in the library. */

import * as api from "../common/api";
import { copy } from "../common/clipboard";
import { element, icon, toast } from "../common/dom";
import { duration, spoken, when } from "../common/format";
import { previewOn } from "./preview";

export interface Told {
  complain(error: unknown): void;
  removed(id: string): void;
}

const ARMED_MS = 5_000;
const POSTER_TRIES = 3;
const POSTER_AGAIN_MS = 4_000;
const UNTITLED = "Untitled recording";

/** `below`: what else is to be said of it. */
export function card(recording: api.Recording, told: Told, below: HTMLElement): HTMLElement {
  const item = element("li", { class: "recording", "data-testid": "recording-row", "data-id": recording.id });
  const body = element("div", { class: "recording-body" });
  body.append(title(recording, told), facts(recording), below, actions(recording, told));
  item.append(picture(recording), body);
  return item;
}

function picture(recording: api.Recording): HTMLElement {
  const link = element("a", { class: "poster", href: api.watchPath(recording.id), "aria-label": `Watch ${recording.title || UNTITLED}` });
  link.append(icon("play"), poster(recording));
  if (api.isLive(recording.status)) {
    const words = recording.recording_type === "import" ? "IMPORTING" : recording.status === "paused" ? "PAUSED" : "LIVE";
    link.append(element("span", { class: "badge live", "data-testid": "live-badge" }, words));
  } else if (recording.duration_seconds) {
    const seconds = recording.duration_seconds;
    link.append(
      element("time", { class: "badge", "data-testid": "duration", "aria-label": spoken(seconds) }, duration(seconds)),
    );
  }
  if (recording.status === "completed") previewOn(link, recording.preview_url);
  return link;
}

/** Shown once it is there; until then the placeholder behind it. */
function poster({ poster_url, status }: api.Recording): HTMLImageElement {
  const image = element("img", { alt: "", loading: "lazy", decoding: "async" });
  let tries = status === "failed" ? POSTER_TRIES : 0;
  image.onload = () => image.classList.add("there");
  image.onerror = () => {
    tries += 1;
    if (tries < POSTER_TRIES) setTimeout(load, POSTER_AGAIN_MS);
  };
  const load = (): void => {
    image.src = poster_url;
  };
  if (status !== "failed") load();
  return image;
}

function facts(recording: api.Recording): HTMLElement {
  const said = [when(recording.started_at ?? recording.created_at)];
  if (recording.status === "failed") said.push(recording.failure_reason || "nothing was recorded");
  return element("p", { class: "facts" }, said.join(" · "));
}

/** A heading that becomes a field: Enter or leaving it saves, Escape leaves it as it was. */
function title(recording: api.Recording, told: Told): HTMLElement {
  const box = element("div", { class: "recording-title" });
  const heading = element("a", { class: "title", href: api.watchPath(recording.id), "data-testid": "title" }, recording.title || UNTITLED);
  const pencil = element("button", { type: "button", class: "quiet small", "aria-label": "Rename", title: "Rename", "data-testid": "rename" }, icon("pencil"));
  const edit = (): void => {
    const field = element("input", { class: "rename", maxlength: "200", "aria-label": "Title", "data-testid": "rename-field" });
    field.value = recording.title;
    let done = false;
    const end = async (save: boolean): Promise<void> => {
      if (done) return;
      done = true;
      const wish = field.value.trim();
      if (save && wish !== recording.title) {
        try {
          recording.title = (await api.rename(recording.id, wish)).title;
          told.complain(null);
        } catch (error) {
          told.complain(error);
        }
      }
      heading.textContent = recording.title || UNTITLED;
      box.replaceChildren(heading, pencil);
      if (document.activeElement === document.body) pencil.focus();
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") void end(true);
      if (event.key === "Escape") void end(false);
    });
    field.addEventListener("blur", () => void end(true));
    box.replaceChildren(field);
    field.select();
  };
  pencil.addEventListener("click", edit);
  box.append(heading, pencil);
  return box;
}

function actions(recording: api.Recording, told: Told): HTMLElement {
  const copying = element(
    "button",
    {
      type: "button",
      class: "quiet",
      "data-testid": "copy-link",
      onclick: () => {
        const link = new URL(api.watchPath(recording.id), location.href).href;
        void copy(link).then((done) => toast(done ? "Link copied." : link));
      },
    },
    icon("link"),
    "Copy link",
  );
  return element("div", { class: "actions" }, copying, removing(recording, told));
}

/** Asked twice: the first press arms, the second within five seconds deletes. */
function removing(recording: api.Recording, told: Told): HTMLElement {
  const box = element("span", { class: "removing" });
  const first = element("button", { type: "button", class: "quiet", "data-testid": "delete" }, icon("trash"), "Delete");
  const second = element("button", { type: "button", class: "danger", "data-testid": "confirm-delete" }, "Really delete?");
  let timer = 0;
  first.addEventListener("click", () => {
    box.replaceChildren(second);
    second.focus();
    timer = window.setTimeout(() => box.replaceChildren(first), ARMED_MS);
  });
  second.addEventListener("click", () => {
    clearTimeout(timer);
    second.disabled = true;
    api.remove(recording.id).then(
      () => {
        toast("Deleted.");
        told.removed(recording.id);
      },
      (error: unknown) => {
        second.disabled = false;
        box.replaceChildren(first);
        told.complain(error);
      },
    );
  });
  box.append(first);
  return box;
}
