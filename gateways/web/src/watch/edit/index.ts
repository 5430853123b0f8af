/** What the watch page offers once a recording is complete: to edit it, and to download it. */

import type { Recording } from "../../common/api";
import { byId, element, sentence, show, toast } from "../../common/dom";
import type { Link } from "../link";
import type { Player } from "../player";
import { downloads } from "./downloads";
import * as edits from "./edits";
import { Editor, opener } from "./editor";

const LENGTH_MS = 10_000;

export class Editing {
  private readonly offer = element("div", { class: "row offers" });
  private editor: Editor | null = null;
  private offered = false;

  constructor(
    private readonly player: Player,
    private readonly video: HTMLVideoElement,
    private readonly link: Link,
  ) {
    byId("copy").before(this.offer);
    this.offer.append(byId("copy"));
  }

  /** What is said of the recording now. */
  know({ id, status }: Recording): void {
    if (status !== "completed" || this.offered) return;
    this.offered = true;
    this.offer.prepend(opener(() => void this.open(id)), downloads(this.link));
  }

  private async open(id: string): Promise<void> {
    if (this.editor) return this.editor.panel.scrollIntoView({ block: "nearest" });
    try {
      const found = await edits.get(id);
      this.player.open("original/master.m3u8");
      const total = await lengthOf(this.video);
      this.editor = new Editor(id, this.video, total, found, { closed: () => this.closed() });
    } catch (error) {
      this.player.open("");
      return toast(sentence(error));
    }
    byId("stage").after(this.editor.panel);
    show(this.offer, false);
  }

  private closed(): void {
    this.editor = null;
    show(this.offer);
    this.player.open("");
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
