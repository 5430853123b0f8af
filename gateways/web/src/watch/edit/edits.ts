/** What the API says of a recording's edits. */

import { request } from "../../common/api";
import type { Keep } from "./ranges";

interface Kept {
  begin_seconds: number;
  end_seconds: number;
}

export interface Edits {
  current: number;
  versions: { version: number; keep: Kept[]; duration_seconds: number }[];
  can_undo: boolean;
  can_redo: boolean;
}

const MAKING_MS = 60_000;

const path = (id: string, rest = ""): string => `/api/v1/recordings/${encodeURIComponent(id)}/edits${rest}`;

const answer = async (response: Promise<Response>): Promise<Edits> => (await (await response).json()) as Edits;

export const get = (id: string): Promise<Edits> => answer(request(path(id)));

export const undo = (id: string): Promise<Edits> => answer(request(path(id, "/undo"), { method: "POST" }));

export const redo = (id: string): Promise<Edits> => answer(request(path(id, "/redo"), { method: "POST" }));

export const save = (id: string, keep: Keep): Promise<Edits> => {
  const ranges = keep.map(([begin_seconds, end_seconds]): Kept => ({ begin_seconds, end_seconds }));
  const headers = { "content-type": "application/json" };
  return answer(request(path(id), { method: "POST", headers, body: JSON.stringify({ keep: ranges }) }, MAKING_MS));
};

/** What the shown version keeps; null: all of it. */
export const kept = ({ current, versions }: Edits): Keep | null =>
  versions.find((one) => one.version === current)?.keep.map((one) => [one.begin_seconds, one.end_seconds] as const) ?? null;
