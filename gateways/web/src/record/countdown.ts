/** 3, 2, 1. Resolves true when it ran out or was skipped, false when it was called off (Escape). */

import { byId, show } from "../common/dom";
import { every } from "../common/ticker";

export function countdown(seconds = 3): Promise<boolean> {
  const box = byId<HTMLDialogElement>("countdown");
  const number = byId("count");
  let left = seconds;
  number.textContent = String(left);
  return new Promise((resolve) => {
    const end = (go: boolean): void => {
      stop();
      controller.abort();
      box.close();
      show(box, false);
      resolve(go);
    };
    const controller = new AbortController();
    const { signal } = controller;
    const stop = every(1000, () => {
      left -= 1;
      if (left <= 0) return end(true);
      number.textContent = String(left);
      number.classList.remove("pop");
      void number.offsetWidth; // starts the animation again
      number.classList.add("pop");
    });
    byId("skip").addEventListener("click", () => end(true), { signal });
    byId("call-off").addEventListener("click", () => end(false), { signal });
    box.addEventListener("cancel", (event) => (event.preventDefault(), end(false)), { signal });
    show(box);
    box.showModal();
    byId("skip").focus();
  });
}
