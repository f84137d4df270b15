import {
  bare,
  inject,
  injectable,
  ModuleApiToken,
  NS_REGISTER,
  resourceOf,
  StanzaError,
  xml,
  type BareJid,
  type ModuleApi,
} from "chorus-muc";
import {
  MucToken,
  type Actor,
  type AffiliationData,
  type ChangeCondition,
  type Form,
  type JoinCondition,
  type Muc,
  type PreChangeEvent,
  type Room,
} from "chorus-muc/muc";

import { Registration } from "./registration.js";
import { ReservedNicks } from "./reserved-nicks.js";

declare module "chorus-muc/muc" {
  interface Room {
    /** The registration form that somebody is shown. */
    getRegistrationForm(bareJid: BareJid): Form;
    /**
     * Registers somebody, whatever the room's rules of registration: who has no affiliation becomes a member.
     * @param actor who does it; `true`: the service
     * @param data what is stored with the affiliation, the nick to reserve among it
     * @returns why not: auth/forbidden for who is banned, cancel/conflict for a nick that somebody else has
     */
    registerNick(
      actor: Actor,
      bareJid: BareJid,
      data: AffiliationData & { readonly reserved_nickname: string },
    ): StanzaError | undefined | Promise<StanzaError | undefined>;
  }
}

/** Node under which somebody finds the own reserved nick (XEP-0045 §7.12). */
const NODE_RESERVED = "x-roomuser-item";

/**
 * Lets members of a room register, and keeps their nicks for them (XEP-0045 §7.10).
 *
 * - `allow_unaffiliated_register` (default false): registering makes a member of who has no affiliation.
 * - `enforce_registered_nickname` (default false): who has a reserved nick enters under it (status 210), and keeps it.
 * - `muc_registration_include_form` (default false): who has registered and asks again is shown what is stored.
 *
 * Modules add fields by the item `muc-registration-field` (a form field), or for one room in `muc-registration-form`,
 * and read them in `muc-registration-submitted`.
 */
@injectable()
export default class MucRegister {
  static readonly requires = ["muc"];

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(MucToken) private readonly muc: Muc,
  ) {}

  load(): void {
    const isEnforced = this.module.getOptionBoolean("enforce_registered_nickname", false);
    const registration = new Registration(this.module, {
      isOpen: this.module.getOptionBoolean("allow_unaffiliated_register", false),
      isEnforced,
      showsForm: this.module.getOptionBoolean("muc_registration_include_form", false),
    });
    new ReservedNicks(this.module).load();
    this.module.roomMethods({
      getRegistrationForm(bareJid) {
        return registration.form(this, bareJid).form;
      },
      registerNick(actor, bareJid, data) {
        return registration.enrol(this, actor, bareJid, data);
      },
    });

    this.module.hook("muc-disco#info", ({ query }) => {
      query.append(xml("feature", { var: NS_REGISTER }));
    });
    this.module.hook(`muc-disco#info/${NODE_RESERVED}`, ({ room, stanza, query }) => {
      const name = room.getRegisteredNick(bare(String(stanza.attrs["from"])));
      if (name !== undefined) query.append(xml("identity", { category: "conference", type: "text", name }));
    });

    const isFree: JoinCondition = ({ room, bareJid, occupant }) => checkReserved(room, bareJid, occupant.nick);
    this.module.addItem("muc-join-condition", isFree);
    // After the checks of the nick's form (2 and 1), before anything that depends on who comes in.
    this.module.hook("muc-occupant-pre-join", (event) => {
      const refusal = isFree(event);
      const own = isEnforced && !refusal ? event.room.getRegisteredNick(event.bareJid) : undefined;
      if (own !== undefined) event.occupant.nick = `${event.room.jid}/${own}` as typeof event.occupant.nick;
      return refusal;
    });
    const mayTake: ChangeCondition = (event) => checkChange(event, isEnforced);
    this.module.addItem("muc-change-condition", mayTake);
    this.module.hook("muc-occupant-pre-change", mayTake);

    this.module.hook(`iq-get/bare/${NS_REGISTER}:query`, (event) =>
      this.muc.answerIq(event, (room) => registration.show(room, event.stanza)),
    );
    this.module.hook(`iq-set/bare/${NS_REGISTER}:query`, (event) =>
      this.muc.answerIq(event, (room) => registration.submit(room, event)),
    );
  }
}

/** XEP-0045 §7.2.8: a reserved nick is as good as taken. */
function checkReserved(room: Room, bareJid: string, occupantJid: string): StanzaError | undefined {
  const holder = room.getRegisteredJid(resourceOf(occupantJid) ?? "");
  if (holder === undefined || holder === bareJid) return undefined;
  return new StanzaError({ type: "cancel", condition: "conflict", by: room.jid });
}

function checkChange(event: PreChangeEvent, isEnforced: boolean): StanzaError | undefined {
  const { room, bareJid, destOccupant, origOccupant } = event;
  // A new status under the old nick.
  if (destOccupant.nick === origOccupant.nick) return undefined;
  const refusal = checkReserved(room, bareJid, destOccupant.nick);
  if (refusal || !isEnforced) return refusal;
  const own = room.getRegisteredNick(bareJid);
  if (own === undefined || own === resourceOf(destOccupant.nick)) return undefined;
  return new StanzaError({ type: "cancel", condition: "not-acceptable", by: room.jid });
}
