/** Which picture belongs to which moment? The cues of thumbnails.vtt, each a place in a sheet (Media Fragments 1.0). */

export interface Cue {
  start: number;
  end: number;
  /** Of the sheet, absolute. */
  url: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const TIMES = /^(?:(\d+):)?(\d\d):(\d\d\.\d{3})\s+-->\s+(?:(\d+):)?(\d\d):(\d\d\.\d{3})/;
const PLACE = /^(.*)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/;
const AGAIN_MS = 4_000;
const NOT_FOUND = 404;

/** The cues of a file that lies at `base`; what is no cue is passed over. */
export function parse(text: string, base: string): Cue[] {
  const cues: Cue[] = [];
  for (const block of text.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMES.test(line));
    const times = TIMES.exec(lines[at] ?? "");
    const place = PLACE.exec(lines[at + 1]?.trim() ?? "");
    if (!times || !place) continue;
    const [x, y, width, height] = place.slice(2, 6).map(Number) as [number, number, number, number];
    const url = new URL(place[1]!, base).href;
    cues.push({ start: seconds(times.slice(1, 4)), end: seconds(times.slice(4, 7)), url, x, y, width, height });
  }
  return cues;
}

const seconds = (parts: string[]): number => Number(parts[0] ?? 0) * 3600 + Number(parts[1]) * 60 + Number(parts[2]);

/** The cue of a moment; behind the last one there is still the last picture. */
export function cueAt(cues: readonly Cue[], time: number): Cue | null {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cues[middle]!.start <= time) low = middle + 1;
    else high = middle;
  }
  return cues[Math.max(low - 1, 0)] ?? null;
}

/** The thumbnails of one recording, read when somebody first looks, and again while there may be more. */
export class Thumbnails {
  private cues: Cue[] = [];
  private askedAt = -Infinity;
  private etag = "";
  private readonly sheets = new Map<string, HTMLImageElement>();

  /** `address`: where they lie now, under a link that is good; `grows`: whether there may be more of them later. */
  constructor(
    private readonly address: () => Promise<string>,
    private readonly grows: () => boolean,
    private readonly told: () => void,
  ) {}

  /** What is known for this moment; asks for more when that is too little. */
  at(time: number): Cue | null {
    const last = this.cues.at(-1);
    if ((!last || (time > last.end && this.grows())) && performance.now() - this.askedAt > AGAIN_MS) void this.read();
    return cueAt(this.cues, time);
  }

  /** Its sheet once it can be shown; begins to load it. One that is no longer there is in a newer list. */
  sheet({ url }: Cue): HTMLImageElement | null {
    let sheet = this.sheets.get(url);
    if (!sheet) {
      sheet = new Image();
      sheet.onload = () => this.told();
      sheet.onerror = () => {
        this.sheets.delete(url);
        if (performance.now() - this.askedAt > AGAIN_MS) void this.read();
      };
      sheet.src = url;
      this.sheets.set(url, sheet);
    }
    return sheet.complete && sheet.naturalWidth > 0 ? sheet : null;
  }

  /** Look again: the recording has ended, or its link is new. */
  async read(): Promise<void> {
    this.askedAt = performance.now();
    try {
      const url = await this.address();
      const answer = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(10_000) });
      const etag = answer.headers.get("etag") ?? "";
      if (answer.ok && (!etag || etag !== this.etag)) {
        this.cues = parse(await answer.text(), new URL(url, location.href).href);
        this.etag = etag;
        this.told();
      } else if (answer.status !== NOT_FOUND) await answer.body?.cancel();
    } catch {
      // without pictures the bar still seeks
    }
  }
}
