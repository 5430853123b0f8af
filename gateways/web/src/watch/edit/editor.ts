/** The editor: trim, cut out, bring back, undo; nothing is lost, and nothing is shown to others before it is saved. */

import "./edit.css";
import { Problem } from "../../common/api";
import { element, icon, sentence, toast } from "../../common/dom";
import * as edits from "./edits";
import { cut, length, onward, restore, trim, type Keep } from "./ranges";
import { Steps } from "./steps";
import { fine, Timeline } from "./timeline";

export interface Told {
  /** It is over; `changed` says whether viewers see something else now. */
  closed(changed: boolean): void;
}

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

export class Editor {
  readonly panel: HTMLElement;
  private readonly timeline: Timeline;
  private readonly steps: Steps;
  private readonly words = element("p", { class: "edit-words", role: "status" });
  private readonly buttons = {
    begin: button("Set start", "I", () => this.timeline.select(this.video.currentTime, this.timeline.end)),
    end: button("Set end", "O", () => this.timeline.select(this.timeline.begin, this.video.currentTime)),
    cut: button("Cut out", "X", () => this.change(cut(this.steps.now, ...this.selection))),
    trim: button("Keep only this", "T", () => this.change(trim(this.steps.now, ...this.selection))),
    restore: button("Bring back", "B", () => this.change(restore(this.steps.now, ...this.selection))),
    undo: button("Undo", "Ctrl+Z", () => void this.undo()),
    redo: button("Redo", "Ctrl+Shift+Z", () => void this.redo()),
    cancel: button("Cancel", "Esc", () => this.close(false)),
    save: button("Save", "Ctrl+S", () => void this.save()),
  };
  private busy = false;
  private frame = 0;
  private readonly pressed = (event: KeyboardEvent): void => this.press(event);

  constructor(
    private readonly id: string,
    private readonly video: HTMLVideoElement,
    private readonly total: number,
    private found: edits.Edits,
    private readonly told: Told,
  ) {
    this.steps = new Steps(edits.kept(found) ?? [[0, total]]);
    this.timeline = new Timeline(total, {
      looked: (time) => {
        video.pause();
        video.currentTime = Math.min(time, total - 0.04);
      },
      selected: () => this.paint(),
    });
    const { begin, end, cut: out, trim: only, restore: back, undo, redo, cancel, save } = this.buttons;
    save.classList.add("primary");
    save.dataset["testid"] = "edit-save";
    out.dataset["testid"] = "edit-cut";
    only.dataset["testid"] = "edit-trim";
    undo.dataset["testid"] = "edit-undo";
    this.panel = element(
      "section",
      { class: "edit", "aria-label": "Edit", "data-testid": "editor" },
      this.timeline.bar,
      this.words,
      element("div", { class: "row edit-tools" }, begin, end, out, only, back),
      element("div", { class: "row edit-tools" }, undo, redo, element("span", { class: "spacer" }), cancel, save),
    );
    document.addEventListener("keydown", this.pressed, { capture: true });
    this.paint();
    this.look();
  }

  close(changed: boolean): void {
    cancelAnimationFrame(this.frame);
    document.removeEventListener("keydown", this.pressed, { capture: true });
    this.panel.remove();
    this.told.closed(changed);
  }

  private get selection(): [number, number] {
    return [this.timeline.begin, this.timeline.end];
  }

  private change(keep: Keep): void {
    if (keep.length === 0) return toast("Something has to be left.");
    if (this.steps.take(keep)) this.timeline.select(0, this.total);
    this.paint();
  }

  private async undo(): Promise<void> {
    if (this.steps.canUndo) this.steps.undo();
    else if (this.found.can_undo) return this.ask(edits.undo(this.id));
    this.paint();
  }

  private async redo(): Promise<void> {
    if (this.steps.canRedo) this.steps.redo();
    else if (this.found.can_redo) return this.ask(edits.redo(this.id));
    this.paint();
  }

  private async save(): Promise<void> {
    if (this.steps.changed) await this.ask(edits.save(this.id, this.steps.now));
  }

  /** What the server makes of it is what is shown then. */
  private async ask(answer: Promise<edits.Edits>): Promise<void> {
    if (this.busy) return void answer.catch(() => undefined);
    this.busy = true;
    this.paint();
    try {
      this.found = await answer;
      this.close(true);
      toast(this.found.current ? "Saved. Everybody sees this version now." : "All of it is shown again.");
    } catch (error) {
      toast(error instanceof Problem ? sentence(error) : "That did not work; try again.");
    }
    this.busy = false;
    if (this.panel.isConnected) this.paint();
  }

  private press(event: KeyboardEvent): void {
    const wished = this.wished(event);
    if (!wished || (event.target instanceof Element && event.target.matches("input, textarea"))) return;
    event.preventDefault();
    event.stopPropagation();
    if (!wished.disabled) wished.click();
  }

  private wished({ key, ctrlKey, metaKey, shiftKey, altKey }: Key): HTMLButtonElement | null {
    const { begin, end, cut: out, trim: only, restore: back, undo, redo, cancel, save } = this.buttons;
    const held = ctrlKey || metaKey;
    const name = key.toLowerCase();
    if (altKey) return null;
    if (held) return { z: shiftKey ? redo : undo, y: redo, s: save }[name] ?? null;
    return { i: begin, o: end, x: out, delete: out, backspace: out, t: only, b: back, escape: cancel }[name] ?? null;
  }

  private paint(): void {
    if (!this.steps || !this.timeline) return; // still being made
    const { steps, timeline, found, buttons } = this;
    timeline.show(steps.now);
    const [begin, end] = this.selection;
    const [whole, left] = [fine(this.total), fine(length(steps.now))];
    this.words.textContent = timeline.isPart
      ? `Selected ${fine(begin)} to ${fine(end)} · ${left} of ${whole} kept`
      : `${left} of ${whole} kept · move the ends to select`;
    for (const one of [buttons.cut, buttons.trim, buttons.restore]) one.disabled = this.busy || !timeline.isPart;
    buttons.undo.disabled = this.busy || !(steps.canUndo || found.can_undo);
    buttons.redo.disabled = this.busy || !(steps.canRedo || (found.can_redo && !steps.canUndo));
    buttons.save.disabled = this.busy || !steps.changed;
    buttons.save.textContent = this.busy ? "Saving…" : "Save";
  }

  /** While it plays, what is cut out is stepped over, as viewers will see it. */
  private look(): void {
    const { video, steps } = this;
    this.timeline.at(video.currentTime);
    if (!video.paused && !video.seeking) {
      const next = onward(steps.now, video.currentTime);
      if (next === null) video.pause();
      else if (next > video.currentTime + 0.02) video.currentTime = next;
    }
    this.frame = requestAnimationFrame(() => this.look());
  }
}

function button(words: string, key: string, onclick: () => void): HTMLButtonElement {
  return element("button", { type: "button", title: `${words} (${key})`, onclick }, words);
}

/** The button that opens it. */
export const opener = (onclick: () => void): HTMLButtonElement =>
  element("button", { type: "button", "data-testid": "edit", onclick }, icon("pencil"), "Edit");
