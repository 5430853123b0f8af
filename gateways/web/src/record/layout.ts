/** Where screen and camera stand in the composed picture. Pure geometry, in pixels. */

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

export type Corner = "bottom-left" | "bottom-right" | "top-left" | "top-right";

const BUBBLE = 0.24; // of the shorter side: a face can be read, little text is covered
const MARGIN = 0.025;

const even = (n: number): number => Math.max(2, Math.floor((n + 0.5) / 2) * 2); // H.264 4:2:0 wants even sizes

/** `source` made to fit into `limit`, never enlarged, sides even. */
export function fitted(source: Size, limit: Size): Size {
  const scale = Math.min(1, limit.width / source.width, limit.height / source.height);
  return { width: even(source.width * scale), height: even(source.height * scale) };
}

/** The square that the camera's circle fills. */
export function bubble(canvas: Size, corner: Corner): Box {
  const shorter = Math.min(canvas.width, canvas.height);
  const side = even(shorter * BUBBLE);
  const margin = even(shorter * MARGIN);
  return {
    x: corner.endsWith("left") ? margin : canvas.width - side - margin,
    y: corner.startsWith("top") ? margin : canvas.height - side - margin,
    width: side,
    height: side,
  };
}

/** The middle square of a camera picture. */
export function middleSquare(camera: Size): Box {
  const side = Math.min(camera.width, camera.height);
  return { x: (camera.width - side) / 2, y: (camera.height - side) / 2, width: side, height: side };
}

/** The limit of a chosen quality: landscape or portrait, as the source is. */
export function limitFor(source: Size, lines: number): Size {
  const long = Math.round((lines * 16) / 9);
  return source.width >= source.height ? { width: long, height: lines } : { width: lines, height: long };
}

/** Bits per second that text in a picture of this size needs at 30 frames a second. */
export function bitrateFor(size: Size): number {
  const pixels = size.width * size.height;
  if (pixels <= 960 * 540) return 1_500_000;
  if (pixels <= 1280 * 800) return 2_500_000;
  if (pixels <= 1920 * 1200) return 4_500_000;
  return 8_000_000;
}
