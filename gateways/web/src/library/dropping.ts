/** A file that is dragged over the page may be dropped anywhere on it. */

import { show } from "../common/dom";

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

/** `veil` is shown meanwhile. */
export function dropping(veil: HTMLElement, take: (files: File[]) => void): void {
  let depth = 0; // entered elements, of which the page has many
  const over = (change: number): void => {
    depth = Math.max(0, depth + change);
    show(veil, depth > 0);
  };
  addEventListener("dragenter", (event) => hasFiles(event) && over(1));
  addEventListener("dragleave", (event) => hasFiles(event) && over(-1));
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(-depth);
    take([...(event.dataTransfer?.files ?? [])]);
  });
}
