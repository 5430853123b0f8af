/** The bar of the editor: what is kept, what is cut out, the playhead, and two handles around a selection. */

import { element } from "../../common/dom";
import { duration, spoken } from "../../common/format";
import { length, type Keep } from "./ranges";

const FRAME_S = 1 / 30;
const STEPS: Record<string, number> = {
  ArrowLeft: -FRAME_S,
  ArrowRight: FRAME_S,
  ArrowDown: -1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
  Home: -Infinity,
  End: Infinity,
};

export interface Told {
  /** Somebody wants to see that moment. */
  looked(time: number): void;
  selected(): void;
}

type Side = "begin" | "end";

export class Timeline {
  readonly bar: HTMLElement;
  begin = 0;
  end: number;
  private readonly parts = element("div", { class: "edit-parts" });
  private readonly chosen = element("div", { class: "edit-chosen" });
  private readonly head = element("div", { class: "edit-head" });
  private readonly handles: Record<Side, HTMLElement>;

  constructor(
    private readonly total: number,
    private readonly told: Told,
  ) {
    this.end = total;
    this.handles = { begin: this.handle("begin", "Selection begins"), end: this.handle("end", "Selection ends") };
    this.bar = element(
      "div",
      { class: "edit-bar", "data-testid": "edit-bar" },
      this.parts,
      this.chosen,
      this.head,
      this.handles.begin,
      this.handles.end,
    );
    this.bar.addEventListener("pointerdown", (event) => this.press(event));
    this.select(0, total);
  }

  show(keep: Keep): void {
    const pieces = keep.map(([from, to]) => {
      const piece = element("span", {});
      piece.style.left = this.percent(from);
      piece.style.width = `${((to - from) / this.total) * 100}%`;
      return piece;
    });
    this.parts.replaceChildren(...pieces);
    this.parts.setAttribute("aria-label", `${spoken(length(keep))} of ${spoken(this.total)} are kept`);
  }

  /** The playhead. */
  at(time: number): void {
    this.head.style.left = this.percent(time);
  }

  select(begin: number, end: number): void {
    const clamped = (time: number): number => Math.min(Math.max(time, 0), this.total);
    this.begin = clamped(Math.min(begin, end));
    this.end = clamped(Math.max(begin, end));
    this.chosen.style.left = this.percent(this.begin);
    this.chosen.style.width = `${((this.end - this.begin) / this.total) * 100}%`;
    for (const side of ["begin", "end"] as const) {
      const handle = this.handles[side];
      handle.style.left = this.percent(this[side]);
      handle.setAttribute("aria-valuenow", this[side].toFixed(2));
      handle.setAttribute("aria-valuetext", spoken(this[side]));
    }
    this.told.selected();
  }

  /** Whether it is not simply everything. */
  get isPart(): boolean {
    return this.begin > FRAME_S || this.end < this.total - FRAME_S;
  }

  private handle(side: Side, label: string): HTMLElement {
    const made = element("div", {
      class: `edit-handle ${side}`,
      role: "slider",
      tabindex: "0",
      "aria-label": label,
      "aria-valuemin": "0",
      "aria-valuemax": this.total.toFixed(2),
      "data-testid": `edit-${side}`,
    });
    made.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation(); // the player would seek as well
      this.move(side, this[side] + step * (event.shiftKey ? 10 : 1));
    });
    made.addEventListener("pointerdown", (event) => this.drag(event, side));
    return made;
  }

  private drag(event: PointerEvent, side: Side): void {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    const handle = this.handles[side];
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent): void => this.move(side, this.time(moved));
    handle.addEventListener("pointermove", move);
    const done = (): void => handle.removeEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"] as const) handle.addEventListener(end, done, { once: true });
  }

  /** One handle stops at the other. */
  private move(side: Side, time: number): void {
    const moved = side === "begin" ? Math.min(time, this.end) : Math.max(time, this.begin);
    if (side === "begin") this.select(moved, this.end);
    else this.select(this.begin, moved);
    this.told.looked(this[side]);
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.bar.setPointerCapture(event.pointerId);
    const look = (moved: PointerEvent): void => this.told.looked(this.time(moved));
    look(event);
    this.bar.addEventListener("pointermove", look);
    const done = (): void => this.bar.removeEventListener("pointermove", look);
    for (const end of ["pointerup", "pointercancel"] as const) this.bar.addEventListener(end, done, { once: true });
  }

  private time({ clientX }: PointerEvent): number {
    const { left, width } = this.bar.getBoundingClientRect();
    return Math.min(Math.max((clientX - left) / width, 0), 1) * this.total;
  }

  private percent(time: number): string {
    return `${Math.min(Math.max(time / this.total, 0), 1) * 100}%`;
  }
}

/** 75.42 seconds is "1:15.4": cuts are finer than seconds. */
export const fine = (seconds: number): string => {
  const tenths = Math.round(seconds * 10);
  return `${duration(tenths / 10)}.${tenths % 10}`;
};
