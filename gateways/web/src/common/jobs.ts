/** What is still being made of a recording: a bar for each job, while it is worked at. */

import { element } from "./dom";

export type JobStatus = "queued" | "processing" | "completed" | "failed";

export interface Progress {
  job_id: string;
  job_type: string;
  status: JobStatus;
  /** Percent. */
  progress: number;
}

const WORDS: Record<string, string> = {
  transcode: "Making smaller versions",
  thumbnail: "Making previews",
  optimize: "Optimizing",
  analyze: "Measuring",
};

/** Who works at a job says so every second; of one that nobody speaks of, nothing is shown. */
export const SILENT_MS = 10_000;

export const words = (jobType: string): string => WORDS[jobType] ?? "Processing";

/** Which jobs are worked at, as far as was heard. */
export class Heard {
  private readonly jobs = new Map<string, { said: Progress; at: number }>();

  /** Take in what was said at `now` (milliseconds). */
  take(said: Progress, now: number): void {
    if (said.status === "processing") this.jobs.set(said.job_id, { said, at: now });
    else this.jobs.delete(said.job_id);
  }

  /** Those at `now`, always in the same order. */
  shown(now: number): Progress[] {
    const fresh = [...this.jobs.values()].filter(({ at }) => now - at < SILENT_MS).map(({ said }) => said);
    return fresh.sort((a, b) => a.job_id.localeCompare(b.job_id));
  }
}

/** The bars; `list` takes no room while there are none. */
export class Bars {
  readonly list = element("ul", { class: "jobs", "aria-label": "Still being made", "data-testid": "jobs" });
  private readonly bars = new Map<string, { item: HTMLLIElement; bar: HTMLProgressElement }>();

  show(jobs: Progress[]): void {
    const there = new Set(jobs.map((job) => job.job_id));
    for (const [id, { item }] of this.bars) {
      if (there.has(id)) continue;
      item.remove();
      this.bars.delete(id);
    }
    for (const job of jobs) this.one(job).value = job.progress;
  }

  private one(job: Progress): HTMLProgressElement {
    const known = this.bars.get(job.job_id);
    if (known) return known.bar;
    const said = words(job.job_type);
    const bar = element("progress", { max: "100", value: "0", "aria-label": said });
    const item = element("li", { "data-job": job.job_type }, element("span", { "aria-hidden": "true" }, said), bar);
    this.bars.set(job.job_id, { item, bar });
    this.list.append(item);
    return bar;
  }
}

/** Bars that follow what is heard. */
export class LiveBars {
  readonly bars = new Bars();
  private readonly heard = new Heard();
  private timer = 0;

  take(said: Progress): void {
    this.heard.take(said, performance.now());
    this.look();
  }

  private look(): void {
    const shown = this.heard.shown(performance.now());
    this.bars.show(shown);
    clearTimeout(this.timer);
    if (shown.length) this.timer = window.setTimeout(() => this.look(), SILENT_MS);
  }
}
