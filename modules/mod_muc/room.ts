import { randomUUID } from "node:crypto";
import {
  domainOf,
  nodeOf,
  Recipients,
  StanzaError,
  StanzaTemplate,
  type BareJid,
  type Element,
  type FullJid,
  type OccupantJid,
  type Origin,
  type StanzaEvent,
} from "chorus-muc";
import { AffiliationList } from "./affiliation-list.js";
import { affiliationRank, type Affiliation } from "./affiliations.js";
import { changeAffiliation, changeAffiliationAsync } from "./affiliation-change.js";
import { concludeStep } from "./conclude.js";
import { commitStep } from "./commit.js";
import { showsDetails } from "./details.js";
import { destroyRoom, destroyRoomAsync, clearRoom } from "./destroy.js";
import { roomInfo, roomItems } from "./disco.js";
import type { Form } from "./form.js";
import { configurationForm, configureRoom } from "./owner.js";
import { inviteByRoom } from "./invite.js";
import { Draft, LiveOccupant } from "./occupant.js";
import type { Occupant, OccupantDraft } from "./occupant-api.js";
import { Occupancy } from "./occupancy.js";
import { INSTANCE, instanceOf } from "./instance.js";
import { sendMessage } from "./message-broadcast.js";
import { MessageHolds } from "./message-holds.js";
import { appendItems, publicise } from "./presence.js";
import { sendOccupantList } from "./occupant-list.js";
import { absentPresence, answerProbe } from "./probe.js";
import { changeRole, changeRoleAsync, mayChangeRoleOf } from "./role-change.js";
import { parseRole, type Role } from "./roles.js";
import type {
  Actor,
  AffiliationData,
  FrozenRoom,
  Outcome,
  PresenceContent,
  Room,
  RoomData,
  Whois,
} from "./room-api.js";
import type { Service } from "./service.js";
import { RoomSteps, type Step } from "./step.js";
import { goneError } from "./tombstone.js";

const SHOWN_ROLES: ReadonlySet<Role> = new Set(["visitor", "participant", "moderator"]);

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- methods that modules declare on `Room` are given to the prototype at run time
export interface LiveRoom extends Room {}

/** {@link Room}: what the engine's parts and the modules see of one room. The work is done in the files it imports. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- as above
export class LiveRoom {
  readonly jid: BareJid;
  /** Local part of the JID: the key of the room in stores. */
  readonly node: string;
  readonly _data: RoomData;
  readonly service: Service;
  readonly affiliations: AffiliationList;
  readonly occupancy: Occupancy;
  readonly steps: RoomSteps;
  readonly holds: MessageHolds;
  /** State of modules that is not stored, by their keys. */
  readonly transient = new Map<string, unknown>();
  destroying: string | true | undefined;
  /** In the directory: not before creation was decided, and not after destruction. */
  isTracked = false;
  /** Let go by the directory, which takes it back as soon as it is used. */
  isEvicted = false;
  /** What the store has of it: nothing, a copy that a start after a crash may use, or what was acknowledged. */
  stored: "no" | "temporary" | "durable" = "no";
  /** The tombstone that took its place, in the step that destroyed it. */
  successor: LiveRoom | undefined;
  /** Somebody has left in this step, so the room may be without occupants at its end. */
  mayBeEmpty = false;
  /** `_data` as stored, as JSON. */
  storedData: string | undefined;

  constructor(service: Service, jid: BareJid, frozen?: FrozenRoom, data: RoomData = {}) {
    this.service = service;
    this.jid = jid;
    this.node = nodeOf(jid) ?? "";
    this.holds = new MessageHolds(service.module);
    this._data = frozen?._data ?? data;
    const journal = {
      onRollback: (undo: () => void) => {
        this.onRollback(undo);
      },
      sessionChanged: (realJid: FullJid) => {
        this.steps.current?.sessionChanged(realJid);
      },
    };
    this.affiliations = new AffiliationList(journal, frozen);
    this.occupancy = new Occupancy(jid, journal);
    this.steps = new RoomSteps({
      router: service.router,
      log: service.module.log.bind(service.module),
      lane: this,
      wake: () => {
        service.directory.wake(this);
      },
      refusal: (sender) => this.#ended(sender),
      conclude: () => {
        concludeStep(this);
      },
      commit: (step) => commitStep(this, step),
      onIdle: () => {
        service.directory.touch(this);
      },
    });
  }

  #ended(sender: string): StanzaError | undefined {
    if (this.isTracked || this.destroying === undefined) return undefined;
    if (this.successor) return goneError(this.successor, sender);
    return new StanzaError({ type: "cancel", condition: "item-not-found", by: this.host });
  }

  // Views

  get _affiliations(): Readonly<Record<string, Affiliation>> {
    return this.affiliations.freeze()._affiliations;
  }

  get _affiliation_data(): Readonly<Record<string, AffiliationData>> {
    return this.affiliations.freeze()._affiliation_data;
  }

  get _occupants(): Readonly<Record<string, Occupant>> {
    return Object.fromEntries(this.eachOccupant());
  }

  get _jid_nick(): Readonly<Record<string, OccupantJid>> {
    return Object.fromEntries(this.occupancy.targets.map(({ jid }) => [jid, this.getOccupantJid(jid) as OccupantJid]));
  }

  // Steps

  run<R>(fn: () => R, event?: StanzaEvent): R | Promise<R> {
    return this.steps.run(fn, event);
  }

  noteWrite(written: Promise<unknown>): void {
    const step = this.steps.current;
    if (step) (step.unwritten ??= []).push(written);
  }

  onRollback(undo: () => void): void {
    this.steps.current?.onRollback(undo);
  }

  onCommit(fn: () => void): void {
    const step = this.steps.current;
    if (step) step.onCommit(fn);
    else fn();
  }

  /** `_data` is about to change: what it was is kept, so that the step can be taken back. */
  touchData(): void {
    const step = this.steps.current;
    if (!step || step.dataBefore !== undefined) return;
    const before = JSON.stringify(this._data);
    step.dataBefore = before;
    step.onRollback(() => {
      this.putBackData(before);
    });
  }

  /** Makes `_data`, the live object, what it was. */
  putBackData(json: string): void {
    for (const key of Object.keys(this._data)) Reflect.deleteProperty(this._data, key);
    Object.assign(this._data, JSON.parse(json));
  }

  save(forced = false): true {
    this.steps.bare(() => {
      const step = this.steps.current as Step;
      if (forced) step.save = "forced";
      else if (step.save === "no") step.save = "if-persistent";
    });
    return true;
  }

  get instance(): string | undefined {
    return instanceOf(this._data);
  }

  /** It is new: no other room of its name is meant by its instance. */
  found(): void {
    if (this.instance !== undefined) return;
    this.touchData();
    this._data[INSTANCE] = randomUUID();
  }

  freeze(): FrozenRoom {
    return { _jid: this.jid, _data: this._data, ...this.affiliations.freeze() };
  }

  // Occupants

  get occupantCount(): number {
    return this.occupancy.size;
  }

  hasOccupant(): boolean {
    return this.occupancy.size > 0;
  }

  getOccupantJid(realJid: string): OccupantJid | undefined {
    return this.occupancy.byRealJid(realJid)?.nick;
  }

  getOccupantByNick(occupantJid: string): LiveOccupant | undefined {
    return this.occupancy.byNick(occupantJid);
  }

  getOccupantByRealJid(realJid: string): LiveOccupant | undefined {
    return this.occupancy.byRealJid(realJid);
  }

  eachOccupant(): readonly (readonly [nick: OccupantJid, occupant: LiveOccupant])[] {
    return this.occupancy.list().map((occupant) => [occupant.nick, occupant] as const);
  }

  newOccupant(bareJid: string, occupantJid: string): Draft {
    const role = this.getDefaultRole(this.getAffiliation(bareJid));
    const existing = this.occupancy.byNick(occupantJid);
    return new Draft(bareJid as BareJid, occupantJid as OccupantJid, role, undefined, existing);
  }

  saveOccupant(occupant: OccupantDraft | Occupant): LiveOccupant | undefined {
    const live = occupant instanceof LiveOccupant ? occupant : this.occupancy.byNick(occupant.nick);
    const target = live ?? (occupant instanceof Draft ? occupant.existing : undefined);
    if (!target || target.role === "none") return undefined;
    this.steps.bare(() => {
      if (occupant.nick !== target.nick && !this.occupancy.byNick(occupant.nick)) {
        this.occupancy.rename(target, occupant.nick);
      }
      if (occupant.role !== target.role) this.occupancy.setRole(target, occupant.role);
      this.mayBeEmpty = true;
    });
    return target.state.role === "none" ? undefined : target;
  }

  getDefaultRole(affiliation: Affiliation): Role {
    const role = this.service.module.fireEvent("muc-get-default-role", {
      room: this,
      affiliation,
      affiliationRank: affiliationRank(affiliation),
    });
    return (typeof role === "string" ? parseRole(role) : undefined) ?? "none";
  }

  getRole(occupantJid: string): Role {
    return this.occupancy.byNick(occupantJid)?.role ?? "none";
  }

  setRole(actor: Actor, occupantJid: string, role: Role, reason?: string): Outcome {
    return this.steps.bare(() => changeRole(this, actor, occupantJid, role, reason));
  }

  setRoleAsync(actor: Actor, occupantJid: string, role: Role, reason?: string): Outcome | Promise<Outcome> {
    return changeRoleAsync(this, actor, occupantJid, role, reason);
  }

  maySetRole(actor: string, occupant: Occupant, role: Role): Outcome {
    return mayChangeRoleOf(this, actor, occupant, role);
  }

  // Affiliations

  getAffiliation(jid: string): Affiliation {
    if (this.service.options.adminsAreOwners && this.service.module.may(":automatic-ownership", jid)) return "owner";
    return this.affiliations.of(jid);
  }

  eachAffiliation(only?: Affiliation): readonly (readonly [BareJid, Affiliation, AffiliationData | undefined])[] {
    return this.affiliations.list(only);
  }

  setAffiliation(
    actor: Actor,
    jid: string,
    affiliation: Affiliation,
    reason?: string,
    data?: AffiliationData | false,
  ): Outcome {
    return this.steps.bare(() => changeAffiliation(this, { actor, jid, affiliation, reason, data }));
  }

  setAffiliationAsync(
    actor: Actor,
    jid: string,
    affiliation: Affiliation,
    reason?: string,
    data?: AffiliationData | false,
  ): Outcome | Promise<Outcome> {
    return changeAffiliationAsync(this, { actor, jid, affiliation, reason, data });
  }

  getAffiliationData(bareJid: string): AffiliationData | undefined;
  getAffiliationData(bareJid: string, key: string): unknown;
  getAffiliationData(bareJid: string, key?: string): unknown {
    if (key !== undefined) return this.affiliations.peek(bareJid as BareJid)?.[key];
    return this.affiliations.data(bareJid as BareJid);
  }

  eachAffiliationData(key: string): readonly (readonly [BareJid, unknown])[] {
    return this.affiliations.listData(key);
  }

  setAffiliationData(bareJid: string, key: string, value: unknown): true {
    if (typeof key !== "string")
      throw new TypeError(`setAffiliationData: key must be a string, received ${typeof key}`);
    const jid = bareJid as BareJid;
    return this.steps.bare(() => {
      const { [key]: oldValue, ...rest } = this.affiliations.peek(jid) ?? {};
      if (oldValue === value) return true;
      const data: AffiliationData = value === undefined ? rest : { ...rest, [key]: value };
      this.affiliations.setData(jid, Object.keys(data).length > 0 ? data : undefined);
      const occupant = this.occupancy.list().filter((one) => one.bareJid === jid);
      for (const one of occupant) this.invalidatePresence(one);
      this.service.module.fireEvent(`muc-set-affiliation-data/${key}`, { room: this, jid, key, value, oldValue });
      return this.save();
    });
  }

  // Sending

  broadcast(stanza: Element, condition?: (nick: OccupantJid, occupant: Occupant) => boolean): void {
    stanza.attrs["from"] ??= this.jid;
    this.steps.bare(() => {
      const recipients = condition
        ? new Recipients(this.occupancy.list().flatMap((one) => (condition(one.nick, one) ? one.targets : [])))
        : this.occupancy.recipients;
      if (recipients.targets.length > 0) this.service.module.deliver(new StanzaTemplate(stanza), recipients);
    });
  }

  broadcastMessage(stanza: Element, onFailure?: (error: StanzaError) => void): true {
    return this.steps.bare(() => {
      sendMessage(this, stanza, onFailure);
      return true;
    });
  }

  routeToOccupant(occupant: Occupant, stanza: Element): void {
    this.steps.bare(() => {
      this.service.module.deliver(new StanzaTemplate(stanza), (occupant as LiveOccupant).targets);
    });
  }

  routeStanza(stanza: Element): void {
    this.steps.bare(() => {
      this.service.module.send(stanza);
    });
  }

  invite(jid: string, inviter?: string): void {
    this.steps.bare(() => {
      inviteByRoom(this, jid, inviter);
    });
  }

  // Presence

  buildItemList(
    occupant: Occupant,
    x: Element,
    anonymous: boolean,
    nick?: string,
    actorNick?: string,
    actorJid?: string,
    reason?: string,
  ): Element {
    return appendItems(this, occupant as LiveOccupant, x, { anonymous, nick, actorNick, actorJid, reason });
  }

  publiciseOccupantStatus(
    occupant: Occupant,
    x: Element | PresenceContent,
    nick?: string,
    actor?: string,
    reason?: string,
    prevRole?: Role,
    forceUnavailable = false,
    recipient?: Occupant,
  ): void {
    const change = {
      nick,
      actor,
      reason,
      prevRole,
      forceUnavailable,
      recipient: recipient as LiveOccupant | undefined,
    };
    this.steps.bare(() => {
      publicise(this, occupant as LiveOccupant, x, change);
    });
  }

  sendOccupantList(
    to: FullJid,
    filter?: (nick: OccupantJid | BareJid, occupant: Occupant | undefined) => boolean,
  ): void {
    this.steps.bare(() => {
      sendOccupantList(this, to, filter);
    });
  }

  invalidatePresence(occupant?: Occupant): void {
    for (const one of occupant ? [occupant as LiveOccupant] : this.occupancy.list()) one.forms = {};
  }

  isAnonymousFor(jid: string): boolean {
    if (this.getWhois() === "anyone") return false;
    const affiliation = this.getAffiliation(jid);
    if (affiliation === "owner" || affiliation === "admin") return false;
    return this.occupancy.byRealJid(jid)?.role !== "moderator";
  }

  respondToProbe(origin: Origin, stanza: Element, prober: Occupant | undefined): void {
    this.steps.bare(() => {
      answerProbe(this, origin, stanza, prober as LiveOccupant | undefined);
    });
  }

  buildUnavailablePresence(occupantJid: string, to: string): Element | undefined {
    return absentPresence(this, occupantJid, to);
  }

  // Removal

  clear(x?: Element): void {
    this.steps.bare(() => {
      clearRoom(this, x);
    });
  }

  destroy(newjid?: string, reason?: string, password?: string): Outcome {
    return this.steps.bare(() => destroyRoom(this, newjid, reason, password));
  }

  destroyAsync(newjid?: string, reason?: string, password?: string): Outcome | Promise<Outcome> {
    return destroyRoomAsync(this, newjid, reason, password);
  }

  // Forms and disco

  showsDetailsTo(jid?: string): boolean {
    return showsDetails(this, jid);
  }

  getFormLayout(actor: string): Form {
    return configurationForm(this, actor);
  }

  configure(actor: Actor, values: Readonly<Record<string, readonly string[]>>): void | Promise<void> {
    return this.run(() => {
      configureRoom(this, actor, values);
    });
  }

  getDiscoInfo(stanza: Element): Element {
    return roomInfo(this, stanza);
  }

  getDiscoItems(stanza: Element): Element {
    return roomItems(stanza);
  }

  // What `_data` says, until a feature module knows better

  getName(): string | undefined {
    return typeof this._data["name"] === "string" ? this._data["name"] : undefined;
  }

  getPersistent(): boolean {
    return this._data["persistent"] === true;
  }

  getHidden(): boolean {
    return this._data["hidden"] === true;
  }

  getMembersOnly(): boolean {
    return this._data["members_only"] === true;
  }

  getWhois(): Whois {
    return this._data["whois"] === "anyone" ? "anyone" : "moderators";
  }

  getPresenceBroadcast(): ReadonlySet<Role> {
    return SHOWN_ROLES;
  }

  getRegisteredNick(bareJid: string): string | undefined {
    return this.affiliations.peek(bareJid as BareJid)?.reserved_nickname;
  }

  getRegisteredJid(nick: string): BareJid | undefined {
    return this.affiliations.list().find(([, , data]) => data?.reserved_nickname === nick)?.[0];
  }

  /** The host of the service. */
  get host(): string {
    return domainOf(this.jid);
  }
}
