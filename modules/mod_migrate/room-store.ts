import { nodeOf, type KeyvalStore, type MapStore, type ModuleApi } from "chorus-muc";
import { instanceOf, type FrozenRoom } from "chorus-muc/muc";
import type { ImportRun } from "./import-run.js";

/** Where the rooms of one component are stored, for those that come from elsewhere. */
export class RoomStore {
  readonly #configs: KeyvalStore<FrozenRoom>;
  readonly #persistent: MapStore<boolean>;
  readonly #public: MapStore;

  /** @param module that of the component */
  constructor(
    private readonly run: ImportRun,
    private readonly module: ModuleApi,
  ) {
    this.#configs = module.openStore<FrozenRoom>("config");
    this.#persistent = module.openStore<boolean, "map">("persistent", "map");
    this.#public = module.openStore("public_rooms", "map");
  }

  /** A room as it was brought over before. */
  get(node: string): Promise<FrozenRoom | undefined> {
    return this.#configs.get(node);
  }

  /** Stores a room. @returns why that cannot be */
  async put(room: FrozenRoom): Promise<string | undefined> {
    const node = nodeOf(room._jid) ?? "";
    const present = await this.#configs.get(node);
    if (present && instanceOf(present._data) !== undefined) {
      return "there is a room of that name already, which was made here";
    }
    await this.run.write(() => [
      this.#configs.set(node, room, { sync: false }),
      this.#persistent.set(null, room._jid, true, { sync: false }),
      // Its entry in the list depends on the modules: see `list`.
      this.#public.set(null, room._jid, undefined, { sync: false }),
    ]);
    return undefined;
  }

  /**
   * Has the engine of the rooms list those that are public, once all that they have is stored: it does that when
   * somebody first asks for the list, who would wait for it.
   */
  async list(): Promise<void> {
    if (!this.run.isDryRun) await this.module.depends("muc", true)?.countPublicRooms();
  }
}
