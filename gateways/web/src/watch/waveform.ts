/** How loud is it when? audiowaveform's JSON (version 2), drawn as one shape behind the scrub bar. */

export interface Waveform {
  channels: number;
  sample_rate: number;
  samples_per_pixel: number;
  bits: number;
  length: number;
  data: number[];
}

const COLUMNS = 400;
const HEIGHT = 100;
const FAINTEST = 2; // so that silence is seen as a line

/** Heights from 0 to 1, `columns` of them over `duration` seconds (moments of the recording by `origin`): the loudest of each, spread so that speech is seen. */
export function heights(
  found: Waveform,
  duration: number,
  columns = COLUMNS,
  origin = (time: number): number => time,
): number[] {
  const full = 2 ** (found.bits - 1);
  const perSecond = found.sample_rate / found.samples_per_pixel;
  const stride = 2 * found.channels;
  return Array.from({ length: columns }, (_, column) => {
    const first = Math.floor(origin((column / columns) * duration) * perSecond);
    const end = first + Math.max(Math.ceil((duration / columns) * perSecond), 1);
    let loudest = 0;
    for (let at = first * stride; at < Math.min(end, found.length) * stride; at += 1)
      loudest = Math.max(loudest, Math.abs(found.data[at]!));
    return Math.sqrt(Math.min(loudest / full, 1));
  });
}

/** The shape in a box of `heights.length` by 100, standing on its lower edge (an SVG path). */
export function shape(of: readonly number[]): string {
  const tops = of.map((height, column) => {
    const y = (HEIGHT - Math.max(height * HEIGHT, FAINTEST)).toFixed(1);
    return `L${column},${y}L${column + 1},${y}`;
  });
  return `M0,${HEIGHT}${tops.join("")}L${of.length},${HEIGHT}Z`;
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG that fills its box with the shape. */
export function drawn(of: readonly number[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${of.length} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", shape(of));
  svg.append(path);
  return svg;
}
