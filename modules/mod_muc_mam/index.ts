import { ClockToken, inject, injectable, ModuleApiToken, xml, type Clock, type ModuleApi } from "chorus-muc";
import {
  invalidField,
  MucToken,
  NS_MUC_USER,
  NS_STANZA_ID,
  stanzaIdOf,
  stripStanzaIds,
  type BroadcastMessageEvent,
  type Muc,
  type OccupantEvent,
  type Room,
  type RoomData,
} from "chorus-muc/muc";
import { RoomArchives } from "./archive.js";
import { ArchiveHistory } from "./history.js";
import { KeptMessages } from "./kept.js";
import { NS_MAM, NS_MAM_EXTENDED } from "./namespaces.js";
import type { ArchivePlace } from "./page.js";
import { Quota } from "./quota.js";
import { ArchiveReader } from "./reader.js";
import { Replacements } from "./replacements.js";
import { Retention } from "./retention.js";
import { isSubjectChange } from "./subject.js";

const FIELD = "muc#roomconfig_enablearchiving";
const FIELD_DAYS = "{urn:chorus-muc}roomconfig_archive_days";
const DAY = 86_400;
/** A century, past which nobody means a number of days. */
const MAX_DAYS = 36_525;
/** Messages of a page, to who does not say how many. */
const STANDARD_PAGE = 20;

/** What other modules may ask of the archives. */
export interface MucArchives {
  /** Where the archive of a room is: its store (`muc_log`), and its name there. */
  placeOf(room: Room): ArchivePlace;
}

declare module "chorus-muc" {
  interface ModuleExports {
    muc_mam: MucArchives;
  }
}

declare module "chorus-muc/muc" {
  interface Room {
    /** Whether its messages are archived. */
    getArchiving(): boolean;
    /** @returns false when it was so already */
    setArchiving(isArchiving: boolean): boolean;
    /** Seconds that archived messages are kept; `Infinity`: for good. */
    getArchiveAge(): number;
    /** `undefined`: as long as the service says. @returns false when it was so already */
    setArchiveAge(seconds: number | undefined): boolean;
  }
}

/**
 * Archives what is said in rooms, and lets those read it who may enter (XEP-0313 1.1.3).
 *
 * Each archived message carries the room's `<stanza-id/>` (XEP-0359), and in a persistent room reaches nobody before it
 * is stored. What is archived is what belongs to the history (XEP-0334 hints are heeded), and changes of subject.
 * Real JIDs are stored only while everybody sees them, and shown only to who sees them when asking.
 */
@injectable()
export default class MucMam {
  static readonly requires = ["muc", "muc_history"];

  readonly exports: MucArchives;
  readonly #archives: RoomArchives;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
    @inject(ClockToken) private readonly clock: Clock,
  ) {
    const durability = module.getOptionEnum("archive_durability", "soon", "soon", "sync");
    const quota = new Quota(module, module.getOptionInteger("storage_archive_item_limit", Number.MAX_SAFE_INTEGER, 1));
    this.#archives = new RoomArchives(module, clock, durability === "sync", quota);
    this.exports = this.#archives;
  }

  load(): void {
    const { module } = this;
    const isForAll = module.getOptionBoolean("muc_log_all_rooms", false);
    const byDefault = module.getOptionBoolean("muc_log_by_default", true);
    const standardAge = module.getOptionPeriod("archive_expires_after", "1w");
    const age = module.getOptionPeriod("muc_log_expires_after", standardAge);
    const isArchiving = (data: RoomData): boolean =>
      isForAll || (typeof data["archiving"] === "boolean" ? data["archiving"] : byDefault);
    const ageOf = (data: RoomData): number =>
      typeof data["archive_expires_after"] === "number" ? data["archive_expires_after"] : age;

    this.#methods(isArchiving, ageOf);
    this.#disco();
    if (!isForAll) this.#switch();
    this.#ageField(age);
    this.#collecting();
    const replacements = new Replacements();
    new ArchiveHistory(module, this.#archives, isArchiving, replacements).load();
    new KeptMessages(module, this.#archives, replacements).load();
    this.#reading();
    const period = module.getOptionPeriod("muc_mam_remove_expired_messages_period", "1 day", 60);
    const histories = module.depends("muc_history");
    new Retention(module, this.muc, this.#archives, histories, this.clock, { ageOf, byDefault: age, period }).load();
  }

  #methods(isArchiving: (data: RoomData) => boolean, ageOf: (data: RoomData) => number): void {
    const choices = this.module.roomState<boolean>("archiving", { persist: true });
    const ages = this.module.roomState<number>("archive_expires_after", { persist: true });
    this.module.roomMethods({
      getArchiving() {
        return isArchiving(this._data);
      },
      setArchiving(isOn) {
        return this.getArchiving() !== isOn && choices.set(this, isOn);
      },
      getArchiveAge() {
        return ageOf(this._data);
      },
      setArchiveAge(seconds) {
        return ages.set(this, seconds);
      },
    });
  }

  #disco(): void {
    this.module.addFeature(NS_MAM);
    this.module.hook("muc-disco#info", ({ room, query }) => {
      const features = room.getArchiving() ? [NS_MAM, NS_MAM_EXTENDED, NS_STANZA_ID] : [NS_STANZA_ID];
      for (const feature of features) query.append(xml("feature", { var: feature }));
    });
  }

  /** The owner's choice. Status 170 and 171 tell of a change only (XEP-0045 §10.2.1). */
  #switch(): void {
    this.module.hook("muc-config-form", ({ room, form }) => {
      form.push({
        name: FIELD,
        type: "boolean",
        label: "Archive chat on server",
        desc: "Whoever may enter can read later what was said",
        value: room.getArchiving(),
      });
    });
    this.module.hook(`muc-config-submitted/${FIELD}`, ({ room, value, statusCodes }) => {
      if (typeof value !== "boolean") return invalidField(FIELD, "Required value missing");
      if (room.setArchiving(value)) statusCodes.add(value ? "170" : "171");
      return undefined;
    });
  }

  /** Owners may have messages forgotten sooner than the service says; only its admins, later. */
  #ageField(standard: number): void {
    const permission = ":keep-archives-longer";
    this.module.defaultPermission("prosody:admin", permission);
    const shown = (room: Room): string => {
      const age = room.getArchiveAge();
      return age === standard ? "" : String(Math.ceil(age / DAY));
    };
    this.module.hook("muc-config-form", ({ room, form }) => {
      form.push({
        name: FIELD_DAYS,
        type: "text-single",
        datatype: "xs:integer",
        label: "Days that messages stay in the archive",
        desc: "Empty: as long as this service says",
        value: shown(room),
      });
    });
    this.module.hook(`muc-config-submitted/${FIELD_DAYS}`, ({ room, actor, value = "", statusCodes }) => {
      if (value === shown(room)) return undefined;
      const days = value === "" ? undefined : Number(value);
      if (days !== undefined && !(days >= 1 && days <= MAX_DAYS)) {
        return invalidField(FIELD_DAYS, "Not a number of days");
      }
      const age = days === undefined ? undefined : days * DAY;
      if (age !== undefined && age > standard && !this.module.may(permission, actor)) {
        return invalidField(FIELD_DAYS, "Longer than this service allows");
      }
      if (room.setArchiveAge(age === standard ? undefined : age)) statusCodes.add("104");
      return undefined;
    });
  }

  #collecting(): void {
    const { module } = this;
    // Before anybody sees it; also of what other modules broadcast.
    module.hook(
      "muc-broadcast-message",
      ({ room, stanza }) => {
        stripStanzaIds(stanza, room.jid);
        return undefined;
      },
      1,
    );
    // Before the history (-1), which keeps the message with its id.
    module.hook("muc-add-history", (event) => this.#keep(event));
    // After the history (0) has asked whether it is historic. It is not: that a subject was set is no part of what who
    // enters is told before the present subject. The archive has it all the same (XEP-0313 §6.1.2).
    module.hook(
      "muc-broadcast-message",
      (event) => (isSubjectChange(event.stanza) ? this.#keep(event) : undefined),
      -1,
    );
    if (!module.getOptionBoolean("muc_log_presences", false)) return;
    module.hook("muc-occupant-joined", (event) => {
      this.#keepPresence(event);
    });
    module.hook("muc-occupant-left", (event) => {
      this.#keepPresence(event, "unavailable");
    });
  }

  #keep(event: BroadcastMessageEvent): undefined {
    const { room, stanza } = event;
    if (room.getArchiving() && stanzaIdOf(stanza, room.jid) === undefined) this.#archives.keep(event);
  }

  #keepPresence({ room, nick, occupant }: OccupantEvent, type?: "unavailable"): void {
    if (!room.getArchiving()) return;
    const role = type ? "none" : occupant.role;
    const item = xml("item", { affiliation: room.getAffiliation(occupant.bareJid), role });
    this.#archives.keepPresence(room, xml("presence", { from: nick, type }, xml("x", { xmlns: NS_MUC_USER }, item)));
  }

  #reading(): void {
    const { module } = this;
    const max = module.getOptionInteger("max_archive_query_results", 50, 1);
    const isLoaded = (name: string): boolean => module.depends(name, true) !== undefined;
    new ArchiveReader(module, this.muc, this.#archives, {
      limits: { max, byDefault: Math.min(STANDARD_PAGE, max) },
      isCounted: module.getOptionBoolean("muc_log_include_total", true),
      hasPasswords: isLoaded("muc_password"),
      hasLocks: isLoaded("muc_lock"),
      hasOccupantIds: isLoaded("muc_occupant_id"),
    }).load();
  }
}
