/** What the watch page offers once a recording is complete: to edit it, and to download it. */

import type { Recording } from "../../common/api";
import { byId, element, sentence, show, toast } from "../../common/dom";
import type { Link } from "../link";
import type { Player } from "../player";
import { downloads } from "./downloads";
import * as edits from "./edits";
import { Editor, opener } from "./editor";
import { origin, type Keep } from "./ranges";

const LENGTH_MS = 10_000;

export class Editing {
  private readonly offer = element("div", { class: "row offers" });
  private editor: Editor | null = null;
  private offered = false;

  constructor(
    private readonly player: Player,
    private readonly video: HTMLVideoElement,
    private readonly link: Link,
    private readonly shows: (origin: (time: number) => number) => void,
  ) {
    byId("copy").before(this.offer);
    this.offer.append(byId("copy"));
  }

  /** What is said of the recording now. */
  know({ id, status }: Recording): void {
    if (status !== "completed" || this.offered) return;
    this.offered = true;
    void this.tell(id);
    this.offer.prepend(opener(() => void this.open(id)), downloads(this.link));
  }

  /** Thumbnails and waveform are the recording's; what is shown of it may be less. */
  private async tell(id: string): Promise<void> {
    const kept = await edits.get(id).then(edits.kept, () => null);
    this.show(kept);
    if (kept) this.video.addEventListener("durationchange", () => this.show(kept), { once: true });
  }

  private show(keep: Keep | null): void {
    this.shows(keep ? (time) => origin(keep, time) : (time) => time);
  }

  private async open(id: string): Promise<void> {
    if (this.editor) return this.editor.panel.scrollIntoView({ block: "nearest" });
    try {
      const found = await edits.get(id);
      this.player.open("original/master.m3u8");
      const total = await lengthOf(this.video);
      this.show(null);
      this.editor = new Editor(id, this.video, total, found, { closed: () => this.closed(id) });
    } catch (error) {
      this.player.open("");
      return toast(sentence(error));
    }
    byId("stage").after(this.editor.panel);
    show(this.offer, false);
  }

  private closed(id: string): void {
    this.editor = null;
    show(this.offer);
    this.player.open("");
    void this.tell(id);
  }
}

/** How long what is being opened is. */
function lengthOf(video: HTMLVideoElement): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The recording could not be opened; try again.")), LENGTH_MS);
    const look = (): void => {
      if (!Number.isFinite(video.duration) || video.readyState < HTMLMediaElement.HAVE_METADATA) return;
      clearTimeout(timer);
      video.removeEventListener("durationchange", look);
      video.removeEventListener("loadedmetadata", look);
      resolve(video.duration);
    };
    video.addEventListener("durationchange", look);
    video.addEventListener("loadedmetadata", look);
  });
}
