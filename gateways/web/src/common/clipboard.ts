/** The link onto the clipboard, with what each browser allows. */

/** Put `text` there. False when the browser refuses: then the person copies the field. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/**
 * Put there what `promise` will give. To be called in the very click: Safari takes nothing from the clipboard later,
 * Chromium forgets the click after five seconds.
 */
export async function copyLater(promise: Promise<string>): Promise<boolean> {
  try {
    const blob = promise.then((text) => new Blob([text], { type: "text/plain" }));
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    return true;
  } catch {
    return copy(await promise);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy"); // the only way on plain http
  } catch {
    return false;
  } finally {
    field.remove();
  }
}
