/** The bar that one scrubs with: what was played and loaded, how loud it is, and a picture of the moment pointed at. */

import { element } from "../common/dom";
import { duration, spoken } from "../common/format";
import type { Cue, Thumbnails } from "./thumbnails";
import { drawn, heights, type Waveform } from "./waveform";

const STEP_S = 5;
const PAGE = 0.1; // of the whole
const SHOWN_MS = 1_500; // so long the picture stands after a key was pressed
const SCALE = 1.25; // thumbnails are small; on most screens this is still sharp enough
const NARROW = 600;

export interface Span {
  start: number;
  end: number;
}

/** Where a key leads from `time`; null when it is none of the bar's. */
export function target(key: string, time: number, { start, end }: Span): number | null {
  const page = Math.max((end - start) * PAGE, STEP_S);
  const to: Record<string, number> = {
    ArrowLeft: time - STEP_S,
    ArrowDown: time - STEP_S,
    ArrowRight: time + STEP_S,
    ArrowUp: time + STEP_S,
    PageDown: time - page,
    PageUp: time + page,
    Home: start,
    End: end,
  };
  const wish = to[key];
  return wish === undefined ? null : Math.min(Math.max(wish, start), end);
}

export class Scrub {
  private readonly wave = element("div", { class: "scrub-wave" });
  private readonly heard = element("div", { class: "scrub-heard" });
  private readonly loaded = element("div", { class: "scrub-loaded" });
  private readonly played = element("div", { class: "scrub-played" });
  private readonly knob = element("div", { class: "scrub-knob" });
  private readonly picture = element("div", { class: "scrub-picture", hidden: true, "data-testid": "thumbnail" });
  private readonly moment = element("span", { class: "scrub-time" });
  private readonly preview = element("div", { class: "scrub-preview", hidden: true, "data-testid": "scrub-preview", "aria-hidden": "true" });
  private dragging = NaN; // the moment that is dragged to
  private pointed = NaN; // the moment whose picture is shown
  private hiding = 0;
  private wavy: Waveform | null = null;
  /** Which moment of the recording is shown when: it may be edited. */
  private origin = (time: number): number => time;

  /** `span`: from where to where one can go now. */
  constructor(
    private readonly bar: HTMLElement,
    private readonly video: HTMLVideoElement,
    private readonly thumbnails: Thumbnails,
    private readonly span: () => Span,
  ) {
    const track = element("div", { class: "scrub-track" }, this.loaded, this.played);
    this.preview.append(this.picture, this.moment);
    bar.append(this.wave, this.heard, track, this.knob, this.preview);
    bar.addEventListener("pointerdown", (event) => this.grasp(event));
    bar.addEventListener("pointermove", (event) => this.point(event));
    bar.addEventListener("pointerup", (event) => this.release(event));
    bar.addEventListener("pointercancel", () => this.letGo());
    bar.addEventListener("pointerleave", () => Number.isNaN(this.dragging) && this.hide());
    bar.addEventListener("keydown", (event) => this.press(event));
    bar.addEventListener("blur", () => this.hide());
    for (const event of ["timeupdate", "progress", "durationchange", "seeking", "seeked"])
      video.addEventListener(event, () => this.paint());
    this.paint();
  }

  /** Draw how loud it is; it lasts as long as the bar. */
  hear(found: Waveform): void {
    this.wavy = found;
    const { start, end } = this.span();
    if (end <= start) return;
    const of = heights(found, end - start, undefined, this.origin);
    this.wave.replaceChildren(drawn(of));
    this.heard.replaceChildren(drawn(of));
  }

  /** Pictures and sound are those of the recording; what is shown of it may be less. */
  shows(origin: (time: number) => number): void {
    this.origin = origin;
    if (this.wavy) this.hear(this.wavy);
  }

  paint(): void {
    const { start, end } = this.span();
    const at = Number.isNaN(this.dragging) ? this.video.currentTime : this.dragging;
    const place = (time: number): number => (end > start ? Math.min(Math.max((time - start) / (end - start), 0), 1) : 0);
    this.bar.style.setProperty("--at", String(place(at)));
    this.loaded.style.transform = `scaleX(${place(loadedTo(this.video))})`;
    this.played.style.transform = `scaleX(${place(at)})`;
    const now = { "aria-valuemin": start, "aria-valuemax": end, "aria-valuenow": at };
    for (const [name, value] of Object.entries(now)) this.bar.setAttribute(name, Number.isFinite(value) ? value.toFixed(1) : "0");
    this.bar.setAttribute("aria-valuetext", `${spoken(at - start)} of ${spoken(end - start)}`);
  }

  /** The thumbnails are new: those of the moment pointed at. */
  again(): void {
    if (!this.preview.hidden) this.show(this.pointed);
  }

  private grasp(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault(); // no selection; the focus is set by hand
    this.bar.focus({ preventScroll: true });
    this.bar.setPointerCapture(event.pointerId);
    this.dragging = this.timeOf(event);
    this.show(this.dragging);
    this.paint();
  }

  private point(event: PointerEvent): void {
    if (Number.isNaN(this.dragging)) {
      if (event.pointerType !== "touch") this.show(this.timeOf(event));
      return;
    }
    this.dragging = this.timeOf(event);
    this.show(this.dragging);
    this.paint();
  }

  private release(event: PointerEvent): void {
    if (Number.isNaN(this.dragging)) return;
    this.seek(this.timeOf(event));
    this.letGo();
    if (event.pointerType === "touch") this.hide();
  }

  private letGo(): void {
    this.dragging = NaN;
    this.paint();
  }

  private press(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to = target(event.key, this.video.currentTime, this.span());
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.seek(to);
    this.show(to);
    this.hiding = window.setTimeout(() => this.hide(), SHOWN_MS);
  }

  private seek(time: number): void {
    this.video.currentTime = time;
  }

  private timeOf(event: PointerEvent): number {
    const { left, width } = this.bar.getBoundingClientRect();
    const { start, end } = this.span();
    return start + Math.min(Math.max((event.clientX - left) / width, 0), 1) * (end - start);
  }

  /** A picture of that moment, above it. */
  private show(time: number): void {
    clearTimeout(this.hiding);
    const { start, end } = this.span();
    if (!(end > start)) return;
    this.pointed = time;
    this.moment.textContent = duration(time - start);
    const cue = this.thumbnails.at(this.origin(time - start));
    const sheet = cue && this.thumbnails.sheet(cue);
    if (!cue) this.picture.hidden = true;
    else if (sheet) this.draw(cue, sheet); // until it is there, the one before stands
    this.preview.hidden = false;
    const [bar, half] = [this.bar.clientWidth, this.preview.offsetWidth / 2];
    const x = ((time - start) / (end - start)) * bar;
    this.preview.style.left = `${Math.min(Math.max(x, half), Math.max(bar - half, half))}px`;
    this.bar.style.setProperty("--pointed", String((time - start) / (end - start)));
  }

  private draw({ x, y, width, height, url }: Cue, sheet: HTMLImageElement): void {
    const scale = this.bar.clientWidth < NARROW ? 1 : SCALE;
    const px = (...lengths: number[]): string => lengths.map((length) => `${length * scale}px`).join(" ");
    Object.assign(this.picture.style, {
      width: px(width),
      height: px(height),
      backgroundImage: `url("${url}")`,
      backgroundSize: px(sheet.naturalWidth, sheet.naturalHeight),
      backgroundPosition: px(-x, -y),
    });
    this.picture.hidden = false;
  }

  private hide(): void {
    clearTimeout(this.hiding);
    this.preview.hidden = true;
  }
}

/** Until when it is loaded without a hole, from where it is. */
function loadedTo({ buffered, currentTime }: HTMLVideoElement): number {
  for (let i = 0; i < buffered.length; i += 1)
    if (currentTime >= buffered.start(i) - 0.1 && currentTime <= buffered.end(i) + 0.1) return buffered.end(i);
  return currentTime;
}
