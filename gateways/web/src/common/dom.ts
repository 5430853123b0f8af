/** The few words we need to speak with the page. */

/** The element with that id. Throws when the page has none: page and script are shipped together. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

type Attributes = Record<string, string | boolean | ((event: Event) => void)>;

/** An element with attributes, listeners (`onclick`) and children; text is always text, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.replace(/^on/, ""), value);
    else if (typeof value === "boolean") made.toggleAttribute(key, value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const ICONS = "http://www.w3.org/2000/svg";

/** An icon of the page's own sprite (public/icons.svg). */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(ICONS, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ICONS, "use");
  use.setAttribute("href", `/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Show or hide. */
export const show = (what: HTMLElement, visible = true): void => {
  what.hidden = !visible;
};

let pending = 0;

/** A short word at the foot of the page, also read out. */
export function toast(text: string, ms = 4_000): void {
  let box = document.getElementById("toast");
  if (!box) {
    box = element("div", { id: "toast", role: "status", "aria-live": "polite", popover: "manual" });
    document.body.append(box);
  }
  box.textContent = text;
  if ("showPopover" in box) {
    box.hidePopover();
    box.showPopover(); // above whatever dialog is open
  }
  box.classList.add("shown");
  clearTimeout(pending);
  pending = window.setTimeout(() => box.classList.remove("shown"), ms);
}

/** What to tell a person about anything that was thrown. */
export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
