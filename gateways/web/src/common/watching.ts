/** How many are watching. */

/** A name for this page as a viewer: random, and forgotten with the page. */
export const viewerName = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** "3 watching"; nothing where there is nobody, or nobody knows. */
export const watching = (count: number | null): string => (count ? `${count.toLocaleString()} watching` : "");
