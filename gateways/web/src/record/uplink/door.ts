/** The web door's client: sends what the journal holds, from where the server's log ends, and goes on as more comes. */

import type { Journal, LastFrame } from "./journal";
import { BREAK, moved } from "./wire";

export interface Told {
  /** The server takes what we have. */
  connected(): void;
  /** It does not (any more); another try is coming. */
  lost(why: string): void;
  /** It never will. */
  over(why: string): void;
  /** All is stored that was there when `end` was called. */
  finished(): void;
}

type Said =
  | { type: "welcome"; now_us: number; segment_s: number; last_frame: LastFrame | null }
  | { type: "stored"; until_us: number };

const PROTOCOL = "loom-ingest-1";
const ANSWER_MS = 6_000;
const SILENCE_MS = 8_000; // what was sent should have been stored by then
const LOOK_MS = 20;
const MOST_BUFFERED = 512 << 10;
const BACK_OFF_MS = [300, 300, 300, 500, 500, 700, 700, 1_000, 1_000, 1_000, 2_000]; // a killed gateway is back in some seconds
const DONE = 1000;
const MALFORMED = 4400;
const MOST_MALFORMED = 3; // the same again and again leads nowhere
const OVER = new Set([4401, 4404, 4409, 4410]);

const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;

export class Door {
  /** The number of the next message to send. */
  cursor: number;
  isOpen = false;
  bytes = 0;
  private socket: WebSocket | null = null;
  private ending = false;
  private spoken = false;
  private endSaid = false;
  private malformed = 0;
  private closed = false;
  private tries = 0;
  private heardAt = 0;
  private sentUs = -Infinity;
  private storedUs = -Infinity;
  private deadline = 0;
  private again = 0;
  private readonly timer: number;

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly journal: Journal,
    private readonly told: Told,
    /** From this computer's clock to the server's, once known; the same for a whole recording. */
    private readonly offset: { us: number | null; keep(us: number): void },
    /** Where the server's log may end: it is asked, but may be away for a while. */
    cursor: number,
    /** So long after the server has answered it is told who is there. */
    private readonly patienceMs: number,
  ) {
    this.cursor = cursor;
    this.timer = self.setInterval(() => this.look(), LOOK_MS);
    this.open();
  }

  /** Whether the server may have heard of us: then it has told WebRTC's session to leave, or is about to. */
  get hasSpoken(): boolean {
    return this.spoken;
  }

  /** The network is back: do not wait for the timer. */
  hurry(): void {
    if (!this.socket && !this.closed) this.open();
  }

  /** Nothing more is added: when all is stored, say so. */
  end(): void {
    this.ending = true;
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.again);
    this.drop();
  }

  private open(): void {
    clearTimeout(this.again);
    const socket = new WebSocket(this.url, PROTOCOL);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.deadline = performance.now() + ANSWER_MS;
    let askedUs = 0;
    socket.onopen = () => {
      setTimeout(() => {
        if (socket !== this.socket) return;
        askedUs = nowUs();
        this.spoken = true;
        socket.send(JSON.stringify({ type: "hello", token: this.token }));
      }, this.patienceMs);
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      if (socket !== this.socket) return;
      const said = JSON.parse(data) as Said;
      this.heardAt = performance.now();
      if (said.type === "welcome") this.begin(said, askedUs);
      else this.stored(said.until_us);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.socket) this.left(code, reason);
    };
  }

  private begin({ now_us, last_frame }: { now_us: number; last_frame: LastFrame | null }, askedUs: number): void {
    if (this.offset.us === null) this.offset.keep(Math.round(now_us - (askedUs + nowUs()) / 2));
    const offsetUs = this.offset.us ?? 0;
    const { from, afterUs } = this.journal.seam(last_frame, offsetUs);
    this.cursor = from;
    const after_us = afterUs === null ? null : Math.round(afterUs + offsetUs);
    this.socket?.send(JSON.stringify({ type: "begin", after_us }));
    this.sentUs = this.storedUs = -Infinity;
    this.tries = 0;
    this.endSaid = false;
    this.isOpen = true;
    this.told.connected();
  }

  private look(): void {
    const now = performance.now();
    if (this.socket && !this.isOpen && now > this.deadline) return this.left(0, "The server does not answer.");
    if (!this.isOpen) return;
    this.send();
    const waits = this.sentUs > this.storedUs + 1e6 || (this.socket?.bufferedAmount ?? 0) > 0;
    if (!waits) this.heardAt = Math.max(this.heardAt, now - SILENCE_MS / 2);
    if (now - this.heardAt > SILENCE_MS) this.left(0, "The server has stopped answering.");
  }

  private send(): void {
    const { socket } = this;
    this.cursor = Math.max(this.cursor, this.journal.begin);
    while (socket && socket.bufferedAmount < MOST_BUFFERED) {
      const entry = this.journal.at(this.cursor);
      if (!entry) {
        if (this.ending && !this.endSaid) socket.send('{"type":"end"}');
        this.endSaid = this.ending;
        return;
      }
      this.cursor += 1;
      if (entry.isGone) continue;
      if (entry.type === BREAK) {
        socket.send('{"type":"break"}');
        continue;
      }
      const message = moved(entry.message(), this.offset.us ?? 0);
      this.bytes += message.length;
      this.sentUs = Math.max(this.sentUs, entry.atUs);
      socket.send(message as Uint8Array<ArrayBuffer>);
    }
  }

  private stored(untilUs: number): void {
    this.storedUs = Math.max(this.storedUs, untilUs - (this.offset.us ?? 0));
    this.journal.trim(this.storedUs);
  }

  private left(code: number, reason: string): void {
    this.drop();
    if (this.closed) return;
    if (code === DONE) {
      this.close();
      if (reason.startsWith("the client has sent")) this.told.finished();
      else this.told.over(reason || "The recording has ended.");
      return;
    }
    this.malformed = code === MALFORMED ? this.malformed + 1 : 0;
    if (OVER.has(code) || this.malformed === MOST_MALFORMED) {
      this.close();
      this.told.over(reason);
      return;
    }
    this.told.lost(reason || "The connection was lost.");
    const wait = BACK_OFF_MS[Math.min(this.tries, BACK_OFF_MS.length - 1)]!;
    this.tries += 1;
    this.again = self.setTimeout(() => this.open(), wait);
  }

  private drop(): void {
    const { socket } = this;
    this.socket = null;
    this.isOpen = false;
    socket?.close();
  }
}
