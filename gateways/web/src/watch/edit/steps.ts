/** What was done since the editor was opened, and can be undone. */

import { same, type Keep } from "./ranges";

export class Steps {
  private at = 0;
  private readonly all: Keep[];

  constructor(first: Keep) {
    this.all = [first];
  }

  get now(): Keep {
    return this.all[this.at]!;
  }

  /** Whether there is something to be saved. */
  get changed(): boolean {
    return !same(this.now, this.all[0]!);
  }

  get canUndo(): boolean {
    return this.at > 0;
  }

  get canRedo(): boolean {
    return this.at < this.all.length - 1;
  }

  /** Nothing that changes nothing is a step, nor what leaves nothing. */
  take(keep: Keep): boolean {
    if (keep.length === 0 || same(keep, this.now)) return false;
    this.all.splice(this.at + 1, Infinity, keep);
    this.at += 1;
    return true;
  }

  undo(): void {
    if (this.canUndo) this.at -= 1;
  }

  redo(): void {
    if (this.canRedo) this.at += 1;
  }
}
