/** Which rendition is watched: what fits the line, or the one that was chosen. */

import Hls, { type Level } from "hls.js";
import { element } from "../common/dom";

export const AUTO = "auto";

type Offered = Pick<Level, "height" | "audioGroups">;

/** A level for each height, the highest first; with the sound that is heard already, where that can be. */
export function rungs(levels: readonly Offered[], now?: Offered): { height: number; level: number }[] {
  const sounds = ({ audioGroups }: Offered): string => (audioGroups ?? []).join();
  const found = new Map<number, number>();
  levels.forEach((one, level) => {
    const before = levels[found.get(one.height) ?? -1];
    const better = !before || (now && sounds(before) !== sounds(now) && sounds(one) === sounds(now));
    if (one.height && better) found.set(one.height, level);
  });
  return [...found].map(([height, level]) => ({ height, level })).sort((a, b) => b.height - a.height);
}

/** Fill the menu and keep it as the player is; hidden while there is nothing to choose. */
export function offerQuality(hls: Hls | null, item: HTMLElement, menu: HTMLElement): void {
  item.hidden = true;
  if (!hls) return;
  let wish = AUTO;

  const paint = (): void => {
    const there = rungs(hls.levels);
    item.hidden = there.length < 2;
    const now = hls.levels[hls.currentLevel]?.height;
    const auto = now && wish === AUTO ? `Auto (${now}p)` : "Auto";
    const options = [option(AUTO, auto, wish), ...there.map(({ height }) => option(String(height), `${height}p`, wish))];
    menu.replaceChildren(...menu.querySelectorAll('[slot="title"]'), ...options);
  };

  menu.addEventListener("change", () => {
    wish = (menu as HTMLElement & { value: string }).value || AUTO;
    const chosen = rungs(hls.levels, hls.levels[hls.currentLevel]).find(({ height }) => String(height) === wish);
    hls.nextLevel = chosen?.level ?? -1; // from the next segment on; nothing that is loaded is thrown away
    paint();
  });
  for (const event of [Hls.Events.MANIFEST_PARSED, Hls.Events.LEVELS_UPDATED, Hls.Events.LEVEL_SWITCHED]) hls.on(event, paint);
}

function option(value: string, words: string, wish: string): HTMLElement {
  const made = element("media-chrome-menu-item" as "div", { type: "radio", value }, words);
  made.toggleAttribute("checked", value === wish);
  made.setAttribute("aria-checked", String(value === wish));
  made.setAttribute("data-testid", `quality-${value}`);
  return made;
}
