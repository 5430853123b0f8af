/** What the API says, and how to ask it. Refusals are `Problem`s with a sentence for people (RFC 9457). */

import type { JobStatus } from "./jobs";

export type Status = "preparing" | "recording" | "paused" | "processing" | "completed" | "failed";
export type RecordingType = "screen" | "webcam" | "screen_webcam" | "import";
export type Action = "pause" | "resume" | "stop";

export interface Recording {
  id: string;
  title: string;
  description: string;
  recording_type: RecordingType;
  status: Status;
  created_at: string;
  updated_at: string;
  started_at?: string | null;
  ended_at?: string | null;
  duration_seconds?: number | null;
  file_size_bytes?: number | null;
  failure_reason?: string | null;
  /** Media, under a link that is good until `links_expire_at`; what it lists lies beside it. */
  hls_url: string;
  poster_url: string;
  preview_url: string;
  thumbnails_url: string;
  waveform_url: string;
  links_expire_at: string;
}

export interface Started extends Recording {
  whip_url: string;
  whip_token: string;
  watch_url: string;
}

export interface RecordingPage {
  recordings: Recording[];
  next_cursor: string;
}

export interface Job {
  id: string;
  recording_id: string;
  job_type: string;
  status: JobStatus;
  /** Percent. */
  progress: number;
}

/** A refusal. `status` 0 means that nobody answered. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** Whether the same request may succeed in a moment. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const DEADLINE_MS = 8_000;
const ROOT = "/api/v1/recordings";

/** A response's own sentence about what went wrong, or a plain one. */
export async function problemOf(response: Response): Promise<Problem> {
  let sentence = "";
  try {
    const body = (await response.json()) as { detail?: unknown; title?: unknown };
    sentence = String(body.detail ?? body.title ?? "");
  } catch {
    // not JSON: a proxy spoke, not Loom
  }
  return new Problem(response.status, sentence || `The server answered with status ${response.status}.`);
}

/** fetch with a deadline. Raises Problem for a refusal or silence. */
export async function request(url: string, init: RequestInit = {}, deadlineMs = DEADLINE_MS): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(deadlineMs) });
  } catch {
    throw new Problem(0, "The server does not answer.");
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function say<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.headers = { "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const response = await request(ROOT + path, init);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const start = (wish: {
  title?: string;
  recording_type: RecordingType;
  settings: Record<string, unknown>;
}): Promise<Started> => say("POST", "", wish);

export const get = (id: string): Promise<Recording> => say("GET", `/${encodeURIComponent(id)}`);

export const list = (cursor = "", limit = 24): Promise<RecordingPage> =>
  say("GET", `?${new URLSearchParams({ limit: String(limit), ...(cursor && { cursor }) })}`);

/** The jobs that are worked at, of all recordings. */
export const jobs = async (): Promise<Job[]> => {
  const response = await request("/api/v1/processing?status=processing&limit=100");
  return ((await response.json()) as { jobs: Job[] }).jobs;
};

export const rename = (id: string, title: string): Promise<Recording> =>
  say("PUT", `/${encodeURIComponent(id)}`, { title });

export const remove = (id: string): Promise<void> => say("DELETE", `/${encodeURIComponent(id)}`);

export const control = (id: string, action: Action): Promise<Recording> =>
  say("POST", `/${encodeURIComponent(id)}/control`, { action });

/** `viewer` is the random name of who is watching; empty for who only listens. */
export const eventsUrl = (id: string, viewer = ""): string =>
  `${ROOT}/${encodeURIComponent(id)}/events${viewer && `?viewer=${viewer}`}`;

export const isLive = (status: Status): boolean =>
  status === "preparing" || status === "recording" || status === "paused";

/** The page where a recording is watched. */
export const watchPath = (id: string): string => `/watch/${encodeURIComponent(id)}`;
