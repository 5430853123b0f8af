/** The binary messages of the web door, `/api/docs` has them; a break stands among them only in what is kept here. */

export const VIDEO = 1;
export const AUDIO = 2;
export const BREAK = 3;
export const HEAD_BYTES = 10;

export interface Sample {
  type: typeof VIDEO | typeof AUDIO | typeof BREAK;
  key: boolean;
  /** When it was captured: microseconds since 1970, by whose clock the context says. */
  atUs: number;
  data: Uint8Array;
}

export function written({ type, key, atUs, data }: Sample): Uint8Array {
  const message = new Uint8Array(HEAD_BYTES + data.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, type);
  view.setUint8(1, Number(key));
  view.setBigInt64(2, BigInt(Math.round(atUs)));
  message.set(data, HEAD_BYTES);
  return message;
}

/** What `written` wrote; null for anything else. `data` lies within `message`. */
export function read(message: Uint8Array): Sample | null {
  if (message.length < HEAD_BYTES) return null;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const type = view.getUint8(0);
  if (type !== VIDEO && type !== AUDIO && type !== BREAK) return null;
  return { type, key: (view.getUint8(1) & 1) === 1, atUs: Number(view.getBigInt64(2)), data: message.subarray(HEAD_BYTES) };
}

/** The same message with its time moved. */
export function moved(message: Uint8Array, byUs: number): Uint8Array {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  view.setBigInt64(2, view.getBigInt64(2) + BigInt(Math.round(byUs)));
  return message;
}
