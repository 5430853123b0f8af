/** The recording in the list moves while somebody points at it or has it in focus, and keeps still for who wants that. */

import { element } from "../common/dom";

const WAIT_MS = 250; // who only passes by loads nothing
const QUIET = matchMedia("(prefers-reduced-motion: reduce)");

/** Show `url` over what is in `frame`, as long as there is a reason to. */
export function previewOn(frame: HTMLElement, url: string): void {
  let timer = 0;
  let image: HTMLImageElement | null = null;
  const begin = (): void => {
    if (QUIET.matches || image) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const made = element("img", { class: "moving", alt: "", decoding: "async", "data-testid": "preview" });
      image = made;
      made.onload = () => made.classList.add("there");
      made.onerror = end; // there is none yet
      made.src = url;
      frame.append(made);
    }, WAIT_MS);
  };
  const end = (): void => {
    clearTimeout(timer);
    image?.remove();
    image = null;
  };
  frame.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse") begin();
  });
  frame.addEventListener("pointerleave", end);
  frame.addEventListener("focus", () => {
    if (frame.matches(":focus-visible")) begin();
  });
  frame.addEventListener("blur", end);
}
