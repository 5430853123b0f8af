/** One file on its way in, as the library shows it. */

import { element, icon } from "../common/dom";
import { size } from "../common/size";

export class UploadRow {
  private readonly bar = element("progress", { max: "1", value: "0" });
  private readonly words = element("span", { class: "upload-words", role: "status" });
  private readonly actions = element("span", { class: "upload-actions" });
  readonly item: HTMLLIElement;

  constructor(private readonly name: string) {
    this.bar.setAttribute("aria-label", `Uploading ${name}`);
    const title = element("span", { class: "upload-name" }, name);
    this.item = element("li", { class: "upload", "data-testid": "upload" }, icon("upload"), title, this.actions, this.bar, this.words);
  }

  /** It is being sent, `total` bytes. */
  sending(total: number, cancel: () => void): void {
    this.actions.replaceChildren(this.button("Cancel", cancel, "cancel-upload"));
    this.words.textContent = `0 of ${size(total)}`;
  }

  goes(): void {
    this.item.classList.remove("failed");
  }

  moved(sent: number, total: number): void {
    this.bar.value = total ? sent / total : 0;
    this.words.textContent = `${size(sent)} of ${size(total)}`;
  }

  /** It was broken off, and its file has to be chosen again. */
  broken(choose: () => void, forget: () => void): void {
    this.brokenAt(0, 0);
    this.actions.replaceChildren(
      this.button("Choose the file", choose, "resume-upload"),
      this.button("Forget", forget, "forget-upload"),
    );
  }

  brokenAt(sent: number, total: number): void {
    this.moved(sent, total);
    const where = total ? ` at ${size(sent)} of ${size(total)}` : "";
    this.words.textContent = `Broken off${where}. Choose the file again to go on.`;
  }

  failed(why: string, again: () => void): void {
    this.item.classList.add("failed");
    this.words.textContent = why;
    this.actions.prepend(
      this.button("Try again", (event) => {
        (event.currentTarget as HTMLElement).remove();
        again();
      }, "retry-upload"),
    );
  }

  remove(): void {
    this.item.remove();
  }

  private button(text: string, onclick: (event: Event) => void, id: string): HTMLButtonElement {
    return element("button", { type: "button", class: "quiet small", "aria-label": `${text}: ${this.name}`, "data-testid": id, onclick }, text);
  }
}
