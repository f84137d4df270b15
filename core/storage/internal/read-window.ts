import type { FileHandle } from "node:fs/promises";

/** Bytes that are read at a time where several messages are. */
const WINDOW = 64 * 1024;

/** What was read of a list last, a little more than was asked for. */
export class ReadWindow {
  #bytes = Buffer.alloc(0);
  #offset = 0;
  #of: FileHandle | undefined;

  /** @param isBackwards the next ones are in front of this one */
  constructor(
    private readonly size = 0,
    private readonly isBackwards = false,
  ) {}

  static ofMany(isBackwards: boolean): ReadWindow {
    return new ReadWindow(WINDOW, isBackwards);
  }

  async read(
    handle: FileHandle,
    { offset, length }: { readonly offset: number; readonly length: number },
  ): Promise<Buffer> {
    const isInside =
      this.#of === handle && offset >= this.#offset && offset + length <= this.#offset + this.#bytes.length;
    if (!isInside) {
      const from = this.isBackwards ? Math.max(0, Math.min(offset, offset + length - this.size)) : offset;
      const bytes = Buffer.alloc(Math.max(length, this.isBackwards ? offset + length - from : this.size));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
      this.#bytes = bytes.subarray(0, bytesRead);
      this.#offset = from;
      this.#of = handle;
    }
    return this.#bytes.subarray(offset - this.#offset, offset - this.#offset + length);
  }
}
