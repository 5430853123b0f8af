/** What is said about one recording while it happens (server-sent events). */

import { eventsUrl, type Recording } from "./api";
import type { Progress } from "./jobs";

/** What the gateway measures of a source; every field may be missing. */
export interface Source {
  state?: string;
  bitrate?: number;
  fps?: number;
  loss?: number;
  detail?: string;
  /** Percent of a file that is imported. */
  progress?: number | null;
}

export interface Listener {
  /** How far a job is. */
  progress?: (progress: Progress) => void;
  status?: (recording: Recording) => void;
  source?: (source: Source) => void;
  /** How many are watching; null while nobody knows. */
  watched?: (count: number | null) => void;
  deleted?: () => void;
  away?: (away: boolean) => void;
}

const AGAIN_MS = 3_000;

/**
 * Listen until the returned function is called; a closed stream is opened again, whatever closed it. Whoever gives the
 * name of a viewer is counted as one meanwhile.
 */
export function listen(id: string, listener: Listener, viewer = ""): () => void {
  let stream: EventSource | null = null;
  let timer = 0;
  const open = (): void => {
    stream = new EventSource(eventsUrl(id, viewer));
    stream.onopen = () => listener.away?.(false);
    stream.onerror = () => {
      listener.away?.(true);
      listener.watched?.(null);
      if (stream?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN_MS);
    };
    stream.addEventListener("status", (event) => listener.status?.(parse<Recording>(event)));
    stream.addEventListener("source", (event) => listener.source?.(parse<Source>(event)));
    stream.addEventListener("progress", (event) => listener.progress?.(parse<Progress>(event)));
    stream.addEventListener("watched", (event) => listener.watched?.(parse<{ count: number | null }>(event).count));
    stream.addEventListener("deleted", () => {
      stop();
      listener.deleted?.();
    });
  };
  const stop = (): void => {
    clearTimeout(timer);
    stream?.close();
  };
  open();
  return stop;
}

const parse = <T>(event: Event): T => JSON.parse((event as MessageEvent<string>).data) as T;
