/** The menu that offers the recording as a file. */

import { element, icon } from "../../common/dom";
import type { Link } from "../link";

const FILES = [
  ["download.mp4", "Video", "MP4"],
  ["download.m4a", "Sound only", "M4A"],
] as const;

/** What is shown is what is downloaded, under a link that is good at that moment. */
export function downloads(link: Link): HTMLElement {
  const menu = element("details", { class: "downloads" });
  const links = FILES.map(([file, words, kind]) =>
    element(
      "a",
      {
        href: "#",
        download: "",
        "data-testid": file,
        onclick: () => {
          menu.open = false;
        },
      },
      words,
      element("span", {}, kind),
    ),
  );
  menu.append(
    element("summary", { class: "button", "data-testid": "download" }, icon("download"), "Download"),
    element("div", { class: "downloads-menu" }, ...links),
  );
  menu.addEventListener("toggle", () => void address());
  document.addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !menu.contains(target)) menu.open = false;
  });
  menu.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });

  async function address(): Promise<void> {
    const master = await link.fresh(link.url);
    FILES.forEach(([file], place) => links[place]!.setAttribute("href", master.replace("master.m3u8", file)));
  }
  void address();
  return menu;
}
