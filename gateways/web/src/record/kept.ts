/** What survives a reload or a crash of the tab, so that the same recording can go on. */

import type { RecordingType } from "../common/api";

export interface Kept {
  id: string;
  whip_url: string;
  whip_token: string;
  watch_url: string;
  recording_type: RecordingType;
  elapsedMs: number;
  /** From this computer's clock to the server's, microseconds. */
  offsetUs?: number | null;
}

const KEY = "loom.recording";

export function keep(kept: Kept): void {
  sessionStorage.setItem(KEY, JSON.stringify(kept));
}

export function kept(): Kept | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

export function forget(): void {
  sessionStorage.removeItem(KEY);
}
