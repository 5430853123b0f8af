/** NAL units of H.264 in Annex B, and the digest by which the server tells its last frame. */

export interface Digest {
  size: number;
  crc32: number;
}

const SPS = 7;
const DELIMITER = 9;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let left = byte;
  for (let bit = 0; bit < 8; bit += 1) left = left & 1 ? (left >>> 1) ^ 0xedb88320 : left >>> 1;
  return left;
});

/** Without start codes; zeros behind a unit belong to the next start code. */
export function nalUnits(data: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let begin = -1;
  const close = (end: number): void => {
    while (end > begin && data[end - 1] === 0) end -= 1;
    if (begin >= 0 && end > begin) units.push(data.subarray(begin, end));
  };
  for (let at = data.indexOf(1); at >= 0; at = data.indexOf(1, at + 1)) {
    if (at < 2 || data[at - 1] !== 0 || data[at - 2] !== 0) continue;
    close(at - 2);
    begin = at + 1;
  }
  close(data.length);
  return units;
}

/** Of an access unit as it is stored: each NAL unit behind its length, without parameter sets and delimiters. */
export function digest(accessUnit: Uint8Array): Digest {
  let size = 0;
  let crc = 0xffffffff;
  const add = (byte: number): void => {
    crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  };
  for (const unit of nalUnits(accessUnit)) {
    const kind = unit[0]! & 31;
    if (kind >= SPS && kind <= DELIMITER) continue;
    size += 4 + unit.length;
    for (const shift of [24, 16, 8, 0]) add((unit.length >>> shift) & 0xff);
    for (let at = 0; at < unit.length; at += 1) crc = TABLE[(crc ^ unit[at]!) & 0xff]! ^ (crc >>> 8);
  }
  return { size, crc32: (crc ^ 0xffffffff) >>> 0 };
}
