/** What the player is held by: the scrub bar, the choice of quality, the keyboard. Buttons are media-chrome's own. */

import "./scrub.css";
import type { Recording } from "../common/api";
import { byId } from "../common/dom";
import type { Link } from "./link";
import type { Player } from "./player";
import { offerQuality } from "./quality";
import { Scrub, type Span } from "./scrub";
import { isTaken, wish, type Wish } from "./shortcuts";
import { Thumbnails } from "./thumbnails";
import type { Waveform } from "./waveform";

const AGAIN_MS = [0, 2_000, 5_000, 10_000, 20_000, 40_000];
const WHOLE = "?version=0"; // of all of it, also when it is edited: whoever edits changes what is shown at once
const SLOWEST = 0.25;
const FASTEST = 4;

export class Controls {
  private recording: Recording | null = null;
  private readonly scrub: Scrub;
  private readonly thumbnails: Thumbnails;
  private settling = false;

  constructor(
    private readonly player: Player,
    private readonly video: HTMLVideoElement,
    private readonly link: Link,
  ) {
    this.thumbnails = new Thumbnails(
      () => link.fresh((this.recording?.thumbnails_url ?? "") + WHOLE),
      () => player.live,
      () => this.scrub.again(),
    );
    this.scrub = new Scrub(byId("scrub"), video, this.thumbnails, () => this.span());
    offerQuality(player.hls, byId("quality"), byId("quality-menu"));
    document.addEventListener("keydown", (event) => this.press(event));
  }

  /** What is said of the recording now. */
  know(recording: Recording): void {
    const before = this.recording?.status;
    this.recording = recording;
    if (recording.status !== "completed" || before === "completed") return;
    void this.settle(before !== undefined);
  }

  /** Several times a second. */
  paint(): void {
    this.scrub.paint();
  }

  /** Another version is shown: moments of it are these of the recording. */
  shows(origin: (time: number) => number): void {
    this.scrub.shows(origin);
  }

  private span(): Span {
    const { seekable, duration } = this.video;
    const start = seekable.length ? seekable.start(0) : 0;
    if (Number.isFinite(duration)) return { start, end: duration };
    return { start, end: this.player.edge() };
  }

  /** What is made some time after the end: the waveform, and finer thumbnails than those of the live series. */
  private async settle(wasLive: boolean): Promise<void> {
    if (this.settling) return;
    this.settling = true;
    let heard = false;
    for (const ms of AGAIN_MS) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (wasLive) void this.thumbnails.read();
      heard ||= await this.listen();
      if (heard && !wasLive) return;
    }
  }

  /** Draw the waveform, if it is there. */
  private async listen(): Promise<boolean> {
    try {
      const answer = await fetch(await this.link.fresh((this.recording?.waveform_url ?? "") + WHOLE));
      if (!answer.ok) return false;
      const found = (await answer.json()) as Waveform;
      await this.known();
      this.scrub.hear(found);
      return true;
    } catch {
      return false; // a bar without it seeks as well
    }
  }

  /** How long it is stands in the playlist. */
  private async known(): Promise<void> {
    while (!Number.isFinite(this.video.duration))
      await new Promise((resolve) => this.video.addEventListener("durationchange", resolve, { once: true }));
  }

  private press(event: KeyboardEvent): void {
    const wished = wish(event);
    if (!wished || event.defaultPrevented || isTaken(event.key, event.composedPath())) return;
    event.preventDefault();
    this.grant(wished);
  }

  private grant(wished: Wish): void {
    const { video, player } = this;
    const { start, end } = this.span();
    switch (wished.to) {
      case "play":
        if (video.paused) void player.play();
        else video.pause();
        break;
      case "mute":
        video.muted = !video.muted;
        break;
      case "seek":
        video.currentTime = Math.min(Math.max(video.currentTime + wished.seconds, start), end);
        break;
      case "part":
        video.currentTime = start + wished.of * (end - start);
        break;
      case "volume":
        video.volume = Math.min(Math.max(video.volume + wished.by, 0), 1);
        break;
      case "rate":
        video.playbackRate = Math.min(Math.max(video.playbackRate + wished.by, SLOWEST), FASTEST);
        break;
      case "live":
        if (player.live) player.toLive();
        else video.currentTime = end;
        break;
      case "fullscreen":
        this.ask(document.fullscreenElement ? "mediaexitfullscreenrequest" : "mediaenterfullscreenrequest");
        break;
      case "captions":
        this.ask("mediatogglesubtitlesrequest");
        break;
    }
  }

  /** What media-chrome knows how to do in every browser. */
  private ask(request: string): void {
    byId("player").dispatchEvent(new CustomEvent(request, { bubbles: true, composed: true }));
  }
}
