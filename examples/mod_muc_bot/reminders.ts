import { randomUUID } from "node:crypto";
import { joinJid, nodeOf, type BareJid, type KeyvalPlusStore, type ModuleApi } from "chorus-muc";
import type { Muc, Room } from "chorus-muc/muc";

/** What somebody wants to be reminded of; JSON, as it is stored. */
export interface Reminder {
  /** Unix seconds. */
  readonly at: number;
  readonly author: BareJid;
  readonly nick: string;
  readonly text: string;
}

/**
 * Reminders that outlive restarts: each is a record of its room in the store `muc_bot_reminders`, and a timer while the
 * process runs. A reminder is said and then removed, so that a crash in between repeats it rather than losing it.
 */
export class Reminders {
  readonly #store: KeyvalPlusStore<Reminder>;

  constructor(
    private readonly module: ModuleApi,
    private readonly muc: Muc,
    private readonly nowSeconds: () => number,
    private readonly remind: (room: Room, reminder: Reminder) => void,
  ) {
    this.#store = module.openStore<Reminder, "keyval+">("muc_bot_reminders", "keyval+");
  }

  /** Takes up what earlier runs have left; what has become due meanwhile comes at once. */
  async load(): Promise<void> {
    this.module.hook("muc-room-destroyed", ({ room }) => {
      void this.#store.set(nodeOf(room.jid) ?? "", undefined);
    });
    for await (const node of this.#store.users()) {
      for (const [id, reminder] of Object.entries((await this.#store.get(node)) ?? {})) this.#wait(node, id, reminder);
    }
  }

  /** @returns whether it is kept, and on disk: nobody has more than `limit` in a room */
  async add(room: Room, reminder: Reminder, limit: number): Promise<boolean> {
    const node = nodeOf(room.jid) ?? "";
    const others = Object.values((await this.#store.get(node)) ?? {});
    if (others.filter(({ author }) => author === reminder.author).length >= limit) return false;
    const id = randomUUID();
    await this.#store.setKey(node, id, reminder);
    this.#wait(node, id, reminder);
    return true;
  }

  #wait(node: string, id: string, reminder: Reminder): void {
    this.module.addTimer(Math.max(0, reminder.at - this.nowSeconds()), () => {
      this.#due(node, id).catch((error: unknown) => {
        this.module.log("error", "a reminder in %s is late: %s", node, error);
      });
      return undefined;
    });
  }

  async #due(node: string, id: string): Promise<void> {
    // It may have gone with its room.
    const reminder = await this.#store.getKey(node, id);
    if (!reminder) return;
    const room = await this.muc.getRoomFromJid(joinJid(node, this.module.host));
    if (room) this.remind(room, reminder);
    await this.#store.setKey(node, id, undefined);
  }
}
