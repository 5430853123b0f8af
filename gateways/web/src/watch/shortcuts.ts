/** Which key does what, wherever on the page the focus is, unless somebody is writing or pressing a button. */

export type Wish =
  | { to: "play" | "mute" | "fullscreen" | "captions" | "live" }
  | { to: "seek"; seconds: number }
  | { to: "part"; of: number }
  | { to: "volume"; by: number }
  | { to: "rate"; by: number };

const KEYS: Record<string, Wish> = {
  " ": { to: "play" },
  k: { to: "play" },
  m: { to: "mute" },
  f: { to: "fullscreen" },
  c: { to: "captions" },
  l: { to: "seek", seconds: 10 },
  j: { to: "seek", seconds: -10 },
  ArrowRight: { to: "seek", seconds: 5 },
  ArrowLeft: { to: "seek", seconds: -5 },
  ArrowUp: { to: "volume", by: 0.1 },
  ArrowDown: { to: "volume", by: -0.1 },
  ">": { to: "rate", by: 0.25 },
  "<": { to: "rate", by: -0.25 },
  End: { to: "live" },
};

type Pressed = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">;

/** What is wished for; null when it is none of ours. */
export function wish({ key, altKey, ctrlKey, metaKey }: Pressed): Wish | null {
  if (altKey || ctrlKey || metaKey) return null;
  if (/^\d$/.test(key)) return { to: "part", of: Number(key) / 10 };
  return KEYS[key.length === 1 ? key.toLowerCase() : key] ?? null;
}

const WRITING = "input, textarea, select, [contenteditable], [role=menu], dialog";
const MOVING = /^(Arrow|Page|Home$|End$)/;
const PRESSING = "a, button, summary, [role=button], [role=menuitem], [role=menuitemradio]";

/** Whether a key belongs to what has the focus, not to the page. */
export function isTaken(key: string, path: readonly EventTarget[]): boolean {
  const inside = path.filter((one): one is Element => one instanceof Element);
  if (inside.some((one) => one.localName.endsWith("-range"))) return MOVING.test(key);
  if (inside.some((one) => one.matches(WRITING) || one.localName.endsWith("-menu"))) return true;
  const isPress = key === " " || key === "Enter";
  return isPress && inside.some((one) => one.matches(PRESSING) || one.localName.endsWith("-button"));
}
