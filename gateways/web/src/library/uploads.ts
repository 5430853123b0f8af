/** Files on their way in, resumably (tus 1.0.0): a row each, with a bar; what a reload has broken off waits for its file. */

import type { PreviousUpload, Upload } from "tus-js-client";
import { sentence } from "../common/dom";
import { UploadRow } from "./upload_row";

const ENDPOINT = "/api/v1/uploads";
const PIECE_BYTES = 16 * 1024 * 1024; // what a proxy in front may have to hold
const AGAIN_MS = [0, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
const GIVEN_UP = [400, 404, 410, 413, 415, 507];

export interface Told {
  /** The file is there; the recording of that id is made of it. */
  done(id: string): void;
  complain(error: unknown): void;
  /** So many are on their way. */
  running(count: number): void;
}

export const idOf = (url: string): string => url.split("/").filter(Boolean).pop() ?? "";

export class Uploads {
  private readonly rows = new Map<string, UploadRow>(); // by fingerprint
  private count = 0;

  constructor(
    private readonly list: HTMLElement,
    private readonly told: Told,
    private readonly choose: () => void,
  ) {}

  /** What was broken off here before: the browser does not give the file again by itself. */
  async remember(): Promise<void> {
    if (!localStorage.length) return;
    const tus = await import("tus-js-client");
    for (const known of await tus.defaultOptions.urlStorage!.findAllUploads()) {
      if (!known.uploadUrl) continue;
      const row = this.row(known.urlStorageKey, known.metadata["filename"] ?? "A file");
      row.broken(this.choose, () => void this.forget(known));
      void this.recall(known, row);
    }
  }

  /** Send a file; one that was broken off goes on where it stopped. */
  async add(file: File): Promise<void> {
    const tus = await import("tus-js-client");
    const upload: Upload = new tus.Upload(file, {
      endpoint: ENDPOINT,
      chunkSize: PIECE_BYTES,
      retryDelays: AGAIN_MS,
      removeFingerprintOnSuccess: true,
      metadata: { filename: file.name, filetype: file.type },
      onShouldRetry: (error) => !GIVEN_UP.includes(error.originalResponse?.getStatus() ?? 0),
      onProgress: (sent, total) => row.moved(sent, total),
      onSuccess: () => {
        row.remove();
        this.ended();
        this.told.done(idOf(upload.url ?? ""));
      },
      onError: (error) => {
        this.ended();
        row.failed(explained(error), () => void this.begin(upload, row));
      },
    });
    const before = await upload.findPreviousUploads();
    const row = this.row(before[0]?.urlStorageKey ?? `${file.name} ${file.size} ${file.lastModified}`, file.name);
    if (before[0]) upload.resumeFromPreviousUpload(before[0]);
    row.sending(file.size, () => {
      this.ended();
      void upload.abort(true).catch(() => undefined);
      row.remove();
    });
    this.begin(upload, row);
  }

  private begin(upload: Upload, row: UploadRow): void {
    this.count += 1;
    this.told.running(this.count);
    row.goes();
    upload.start();
  }

  private ended(): void {
    this.count = Math.max(0, this.count - 1);
    this.told.running(this.count);
  }

  private row(key: string, name: string): UploadRow {
    this.rows.get(key)?.remove();
    const made = new UploadRow(name);
    this.rows.set(key, made);
    this.list.append(made.item);
    return made;
  }

  /** How far had it come? One that the server has forgotten is forgotten here as well. */
  private async recall(known: PreviousUpload, row: UploadRow): Promise<void> {
    const answer = await fetch(known.uploadUrl!, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => null);
    if (answer && (answer.status === 404 || answer.status === 410)) return this.forget(known);
    const there = Number(answer?.headers.get("Upload-Offset") ?? 0);
    if (answer?.ok && there === known.size) {
      await this.forget(known);
      this.told.done(idOf(known.uploadUrl!));
    } else if (answer?.ok && known.size) row.brokenAt(there, known.size);
  }

  private async forget(known: PreviousUpload): Promise<void> {
    const tus = await import("tus-js-client");
    await tus.defaultOptions.urlStorage!.removeUpload(known.urlStorageKey);
    this.rows.get(known.urlStorageKey)?.remove();
  }
}

/** The server's own sentence, where it has said one. */
function explained(error: Error & { originalResponse?: { getBody(): string } | null }): string {
  try {
    return (JSON.parse(error.originalResponse?.getBody() ?? "") as { detail: string }).detail;
  } catch {
    return error.originalResponse ? sentence(error) : "The server does not answer.";
  }
}
