/** Where messages are kept: files of this origin that survive a crash (OPFS), or memory where there are none. */

export interface Place {
  file: number;
  at: number;
  length: number;
}

export interface Store {
  /** Raises when there is no more room. */
  add(message: Uint8Array): Place;
  /** Written over what the caller may change. */
  read(place: Place): Uint8Array;
  /** Nothing before that file is needed any more. */
  forget(beforeFile: number): void;
  /** All that is there, oldest first. */
  recovered(): { place: Place; message: Uint8Array }[];
  readonly bytes: number;
  close(): void;
  remove(): Promise<void>;
}

const FILE_BYTES = 2 << 20;
const LENGTH_BYTES = 4;
const ROOT = "loom";
const RELEASED_MS = 5_000; // a page that was reloaded lets go of its files a moment later
const OLD_MS = 24 * 3_600_000;

class File {
  used = 0;
  constructor(
    readonly number: number,
    readonly handle: FileSystemSyncAccessHandle,
  ) {}
}

/** Each message behind its length, in files of a few MB, so that what is stored on the server can be let go. */
export class OpfsStore implements Store {
  private files: File[] = [];
  private spare: File | null = null;

  private constructor(
    private readonly parent: FileSystemDirectoryHandle,
    private readonly folder: FileSystemDirectoryHandle,
    private readonly name: string,
  ) {}

  /** Raises when this browser has no such files, or another page has them open and keeps them. */
  static async open(name: string): Promise<OpfsStore> {
    const until = performance.now() + RELEASED_MS;
    for (;;) {
      try {
        return await OpfsStore.tried(name);
      } catch (error) {
        const isHeld = error instanceof DOMException && error.name === "NoModificationAllowedError";
        if (!isHeld || performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  private static async tried(name: string): Promise<OpfsStore> {
    const root = await navigator.storage.getDirectory();
    const parent = await root.getDirectoryHandle(ROOT, { create: true });
    const folder = await parent.getDirectoryHandle(name, { create: true });
    const store = new OpfsStore(parent, folder, name);
    const names: number[] = [];
    for await (const key of folder.keys()) names.push(Number(key));
    try {
      for (const number of names.sort((a, b) => a - b)) {
        const file = await store.opened(number);
        file.used = file.handle.getSize();
        store.files.push(file);
      }
      await store.prepare();
    } catch (error) {
      store.close();
      throw error;
    }
    return store;
  }

  get bytes(): number {
    return this.files.reduce((sum, { used }) => sum + used, 0);
  }

  add(message: Uint8Array): Place {
    let file = this.files.at(-1);
    if (!file || file.used > FILE_BYTES) {
      if (this.spare) {
        this.files.push((file = this.spare));
        this.spare = null;
        void this.prepare().catch(() => undefined); // removed meanwhile; else the next one finds no file ready
      } else if (!file) throw new Error("no file is ready");
    }
    const at = file.used + LENGTH_BYTES;
    const whole = new Uint8Array(LENGTH_BYTES + message.length); // one call: each is more than the bytes
    new DataView(whole.buffer).setUint32(0, message.length);
    whole.set(message, LENGTH_BYTES);
    file.handle.write(whole, { at: file.used });
    file.used = at + message.length;
    return { file: file.number, at, length: message.length };
  }

  read({ file, at, length }: Place): Uint8Array {
    const message = new Uint8Array(length);
    this.files.find(({ number }) => number === file)?.handle.read(message, { at });
    return message;
  }

  forget(beforeFile: number): void {
    while (this.files.length > 1 && this.files[0]!.number < beforeFile) {
      const { handle, number } = this.files.shift()!;
      handle.close();
      void this.folder.removeEntry(String(number)).catch(() => undefined); // removed with all of them at the end
    }
  }

  recovered(): { place: Place; message: Uint8Array }[] {
    const found = [];
    for (const file of this.files) {
      const all = new Uint8Array(file.used);
      file.handle.read(all, { at: 0 });
      const view = new DataView(all.buffer);
      let at = 0;
      while (at + LENGTH_BYTES <= all.length) {
        const length = view.getUint32(at);
        at += LENGTH_BYTES;
        if (length === 0 || at + length > all.length) break; // cut short by the crash
        found.push({ place: { file: file.number, at, length }, message: all.slice(at, at + length) });
        at += length;
      }
      file.used = Math.min(file.used, at);
    }
    return found;
  }

  close(): void {
    for (const { handle } of this.files) handle.close();
    this.spare?.handle.close();
    this.files = [];
  }

  async remove(): Promise<void> {
    this.close();
    await this.parent.removeEntry(this.name, { recursive: true }).catch(() => undefined); // in use elsewhere: later
  }

  /** The next file, opened before it is needed: opening cannot be waited for in the middle of a message. */
  private async prepare(): Promise<void> {
    const number = (this.files.at(-1)?.number ?? -1) + 1;
    this.spare = await this.opened(number);
    this.spare.handle.truncate(0);
  }

  private async opened(number: number): Promise<File> {
    const file = await this.folder.getFileHandle(String(number), { create: true });
    return new File(number, await (file as SyncFile).createSyncAccessHandle());
  }
}

/** Remove what other visits have left behind for longer than anybody comes back. */
export async function clean(): Promise<void> {
  try {
    const parent = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT);
    for await (const [name, folder] of parent.entries())
      if (folder.kind === "directory" && Date.now() - (await touched(folder as FileSystemDirectoryHandle)) > OLD_MS)
        await parent.removeEntry(name, { recursive: true });
  } catch {
    // nothing there, or in use by another page
  }
}

async function touched(folder: FileSystemDirectoryHandle): Promise<number> {
  let latest = 0;
  for await (const file of folder.values())
    if (file.kind === "file") latest = Math.max(latest, (await (file as FileSystemFileHandle).getFile()).lastModified);
  return latest;
}

export class MemoryStore implements Store {
  bytes = 0;
  private kept: Uint8Array[] = [];
  private first = 0;

  add(message: Uint8Array): Place {
    this.bytes += message.length;
    return { file: this.first + this.kept.push(message) - 1, at: 0, length: message.length };
  }

  read({ file }: Place): Uint8Array {
    return this.kept[file - this.first]!.slice();
  }

  forget(beforeFile: number): void {
    while (this.kept.length && this.first < beforeFile) {
      this.bytes -= this.kept.shift()!.length;
      this.first += 1;
    }
  }

  recovered(): { place: Place; message: Uint8Array }[] {
    return this.kept.map((message, n) => ({ place: { file: this.first + n, at: 0, length: message.length }, message }));
  }

  close(): void {
    this.kept = [];
  }

  async remove(): Promise<void> {
    this.close();
  }
}
