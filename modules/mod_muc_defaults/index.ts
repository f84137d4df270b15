import { inject, injectable, ModuleApiToken, type ModuleApi } from "chorus-muc";
import { MucToken, type Muc, type Room } from "chorus-muc/muc";
import { readEntry, type DefaultRoom } from "./entry.js";
import { applySetting } from "./settings.js";

/**
 * Makes the rooms that the configuration lists in `default_mucs` when the server starts, and sets up those that exist:
 * name, settings, affiliations. What the list says of a room holds again after every start, whatever its owners changed;
 * what it does not say stays as it is.
 */
@injectable()
export default class MucDefaults {
  static readonly requires = ["muc"];

  #rooms: readonly DefaultRoom[] = [];

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
  ) {}

  load(): void {
    // The page of Prosody's community module calls it muc_defaults, its code default_mucs.
    const list = this.module.getOption("default_mucs") ?? this.module.getOption("muc_defaults") ?? [];
    if (!Array.isArray(list)) {
      this.module.log("error", "default_mucs: expected a list of rooms");
      return;
    }
    this.#rooms = list.flatMap(
      (entry, index) =>
        readEntry(entry, (problem) => {
          this.module.log("error", "default_mucs, entry %d: %s", index + 1, problem);
        }) ?? [],
    );
  }

  async ready(): Promise<void> {
    for (const entry of this.#rooms) {
      const jid = `${entry.node}@${this.module.host}`;
      try {
        const room = (await this.muc.getRoomFromJid(jid)) ?? (await this.#create(jid));
        if (room) await room.run(() => this.#setUp(room, entry));
      } catch (error) {
        this.module.log("error", "%s could not be set up: %s", jid, error);
      }
    }
  }

  async #create(jid: string): Promise<Room | undefined> {
    const [room, refusal] = await this.muc.createRoom(jid);
    if (room) this.module.log("info", "%s has been created", jid);
    else if (refusal === "room-exists") {
      // Its owners did not want it any more, and its name is kept for a while.
      this.module.log("warn", "%s was destroyed, and is not created again while its tombstone stands", jid);
    } else this.module.log("error", "%s could not be created: %s", jid, refusal);
    return room;
  }

  #setUp(room: Room, { affiliations, settings }: DefaultRoom): void {
    // Before the settings: a room that becomes members-only throws out who is no member.
    for (const [jid, affiliation] of affiliations) {
      if (room.getAffiliation(jid) === affiliation) continue;
      const [isDone, , condition] = room.setAffiliation(true, jid, affiliation);
      if (!isDone) this.module.log("error", "%s: %s cannot be %s: %s", room.jid, jid, affiliation, condition);
    }
    for (const setting of settings) {
      if (!applySetting(room, setting)) {
        this.module.log("error", "%s: config: %s: its module is not loaded", room.jid, setting.name);
      }
    }
    room.save();
  }
}
