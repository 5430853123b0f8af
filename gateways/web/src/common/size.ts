/** How many bytes, for people: "3.4 MB". */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}
