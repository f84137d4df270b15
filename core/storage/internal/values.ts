/** The values of users: a `.dat` file each, whose text is in memory for a while once it was written. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { readData } from "../prosody/lua-data.js";
import { writeData } from "../prosody/lua-writer.js";
import { shapeOf } from "../prosody/shapes.js";
import type { Json } from "../store.js";
import { isMissing, prepareReplace } from "./file-change.js";
import type { FilePlan } from "./journal.js";
import type { Place } from "./places.js";
import { Recent } from "./recent.js";

const EMPTY = "return {};\n";

/** A value's place, and the file of it. */
export interface ValuePlace extends Place {
  readonly file: string;
}

/** Reads values, as JSON, and plans what becomes of them. */
export class Values {
  /** Texts by file. */
  readonly #texts = new Recent<{ readonly text: string | undefined }>();

  /** @returns `undefined` when there is none @throws Error with the file in its message, or what the file system throws */
  async get(place: ValuePlace): Promise<string | undefined> {
    const known = this.#texts.get(place.file);
    if (known) return known.text;
    let text: string | undefined;
    try {
      text = read(await readFile(place.file), place);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return text;
  }

  /** The same at once, and remembers it. */
  getSync(place: ValuePlace): string | undefined {
    const known = this.#texts.get(place.file);
    if (known) return known.text;
    let text: string | undefined;
    try {
      text = read(readFileSync(place.file), place);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    this.#texts.set(place.file, { text }, text?.length ?? 0);
    return text;
  }

  /** @param text JSON; `undefined` removes */
  plan({ file, store }: ValuePlace, text: string | undefined): FilePlan {
    const content = text === undefined ? EMPTY : writeData(shapeOf(store).toTable(JSON.parse(text) as Json));
    return {
      file,
      prepare: (sync) => prepareReplace(file, [content], { sync, isEmpty: text === undefined }),
      commit: () => {
        this.#texts.set(file, { text }, text?.length ?? 0);
        return Promise.resolve();
      },
    };
  }
}

/** @throws Error with the file in its message; its cause says what is wrong there */
function read(bytes: Buffer, { store, file }: ValuePlace): string {
  try {
    const value = readData(bytes);
    if (!(value instanceof Map)) throw new Error("it holds no table");
    return JSON.stringify(shapeOf(store).fromTable(value));
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
