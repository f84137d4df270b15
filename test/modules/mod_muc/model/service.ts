/** The service that the model is compared with: standalone, or attached to another server, on a disk that may fail. */
import assert from "node:assert/strict";
import { FakeClock } from "../../../../core/testing/fake-clock.js";
import { startService, type TestService } from "../../../../core/testing/service.js";
import { FaultyDisk } from "../../../../core/testing/storage-faults.js";
import type { OpenStorage } from "../../../../core/storage/open.js";
import { childElements, type Element } from "../../../../core/xmpp/element.js";
import { parseStanza } from "../../../../core/xmpp/parse.js";
import { serialise } from "../../../../core/xmpp/template.js";
import type { FrozenRoom } from "../../../../modules/mod_muc/room-api.js";
import type { LiveRoom } from "../../../../modules/mod_muc/room.js";
import { mucOf, settled } from "../../../support/room-engine.js";
import { read } from "./line.js";
import { ADMINS } from "./rules/refusals.js";
import { ROLES, type RoomState, type Session, type World } from "./world.js";

const HOST = "rooms.users.example";

export class Real implements AsyncDisposable {
  readonly #isAttached: boolean;
  readonly #options: string;
  readonly #sessions: readonly Session[];
  readonly #clock = new FakeClock();
  readonly disk = new FaultyDisk();
  #storage: OpenStorage | undefined;
  #service: TestService | undefined;
  #send: (from: Session, stanza: string) => void = () => undefined;
  /** What each session got since it was last asked. */
  readonly #inboxes = new Map<Session, string[]>();
  #rooms = 0;

  private constructor(isAttached: boolean, sessions: readonly Session[], options: string) {
    this.#isAttached = isAttached;
    this.#options = options;
    this.#sessions = sessions;
  }

  /** @param options lines of the rooms' section */
  static async start(isAttached: boolean, sessions: readonly Session[], options: string): Promise<Real> {
    const real = new Real(isAttached, sessions, options);
    await real.#start();
    return real;
  }

  async #start(): Promise<void> {
    this.#storage = await this.disk.open(() => this.#clock.now());
    const users = `VirtualHost "users.example"\nVirtualHost "elsewhere.example"`;
    const upstream = `component_secret = "secret"\ncomponent_upstream = "xmpp://127.0.0.1:1"`;
    const config = `
      modules_enabled = {}
      admins = { ${ADMINS.map((jid) => `"${jid}"`).join(", ")} }
      ${this.#isAttached ? "" : users}
      Component "${HOST}" "muc"
      modules_enabled = { "muc_max_occupants" }
      muc_room_default_public = true
      max_history_messages = 0
      ${this.#isAttached ? upstream : ""}
      ${this.#options}
    `;
    this.#service = await startService({ config, storage: this.#storage, clock: this.#clock, listen: false });
    this.#send = this.#isAttached ? this.#attach(this.#service) : this.#logIn(this.#service);
  }

  #received(stanza: Element): void {
    const to = String(stanza.attrs["to"]);
    const inbox = this.#inboxes.get(to) ?? [];
    this.#inboxes.set(to, inbox);
    inbox.push(read(stanza));
  }

  #logIn(service: TestService): (from: Session, stanza: string) => void {
    const clients = new Map(
      this.#sessions.map((jid) => {
        const client = service.client(jid);
        client.inbox.onArrival = (stanza) => {
          this.#received(stanza);
        };
        return [jid, client];
      }),
    );
    return (from, stanza) => {
      const client = clients.get(from);
      client?.send(stanza);
      client?.inbox.takeAll();
    };
  }

  /** In the place of the connection to the other server. */
  #attach(service: TestService): (from: Session, stanza: string) => void {
    const { router, hosts } = service.service;
    const host = hosts.get(HOST);
    assert.ok(host);
    const write = (text: string): void => {
      for (const stanza of childElements(parseStanza(`<all>${text}</all>`))) this.#received(stanza);
    };
    const send = (stanza: Element): true => {
      router.answer(stanza, (answer) => {
        write(serialise(answer));
      });
      return true;
    };
    const origin = { type: "component", host: HOST, log: () => undefined, send } as const;
    const nothing = (): Promise<void> => Promise.resolve();
    const outlet = { open: true, pending: 0, write };
    host.link = { peer: "a test", isUp: true, outlet, origin, start: nothing, stop: nothing };
    return (from, stanza) => {
      const element = parseStanza(stanza);
      element.attrs["from"] = from;
      router.receive(element, origin);
    };
  }

  get #running(): TestService {
    assert.ok(this.#service);
    return this.#service;
  }

  /** Name of a room that nobody has used yet. */
  nextRoom(): string {
    return `r${++this.#rooms}@${HOST}`;
  }

  /** Sends a stanza and waits until everything that comes of it has come. @returns what everybody got */
  async act(from: Session, stanza: string): Promise<Map<Session, string[]>> {
    this.#send(from, stanza);
    await settled(this.#running);
    return this.taken();
  }

  taken(): Map<Session, string[]> {
    const taken = new Map(this.#inboxes);
    this.#inboxes.clear();
    return taken;
  }

  async pass(seconds: number): Promise<Map<Session, string[]>> {
    this.#clock.advanceSeconds(seconds);
    await settled(this.#running);
    return this.taken();
  }

  /** Stops, and starts from what is stored. @returns what everybody got */
  async restart(): Promise<Map<Session, string[]>> {
    await this.#stop();
    const taken = this.taken();
    await this.#start();
    return taken;
  }

  /** The power goes, and comes back. */
  async crash(): Promise<void> {
    await this.disk.cutPower();
    await this.#stop();
    this.#inboxes.clear();
    await this.#start();
  }

  async #stop(): Promise<void> {
    await this.#service?.stop();
    await this.#storage?.close();
  }

  /** Removes a room with all that is stored of it, so that the next run starts without. */
  async forget(jid: string): Promise<void> {
    this.disk.repair();
    const room = await mucOf(this.#running).getRoomFromJid(jid);
    if (room) {
      await room.run(() => {
        room.setPersistent(false);
        room.destroy();
      });
    }
    await settled(this.#running);
    this.#inboxes.clear();
  }

  /** Compares the room with the model, in memory and on disk. */
  async compare({ place, room: jid }: World): Promise<void> {
    const live = (await mucOf(this.#running).getRoomFromJid(jid)) as LiveRoom | undefined;
    const stored = (await this.#storage?.openStore(HOST, "config").get(jid.split("@")[0] as string)) as
      Pick<FrozenRoom, "_data"> | undefined;
    assert.deepEqual(live && placeOf(live), place.room && placeOfModel(place.room), "the room is as the model");
    if (place.tombstone) {
      if (!place.tombstone.isWeathered) assert.equal(stored?._data["destroyed"], true, "there is a tombstone");
    } else {
      // Of temporary rooms only those that outlive the process.
      const isKept = place.room !== undefined && (this.#isAttached || place.room.settings.persistent);
      const frozen: unknown = isKept ? JSON.parse(JSON.stringify(live?.freeze())) : undefined;
      assert.deepEqual(stored, frozen, "the disk is as the memory");
    }
    if (live) checkConsistency(live);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

/** What holds of every room at rest. */
function checkConsistency(live: LiveRoom): void {
  assert.equal(live.steps.isIdle, true, "the room is idle");
  const occupants = live.eachOccupant().map(([, occupant]) => occupant);
  for (const occupant of occupants) {
    assert.ok(occupant.sessions.has(occupant.jid), `the primary session of ${occupant.nick} is one of its own`);
    for (const [jid, presence] of occupant.sessions) {
      assert.equal(live.getOccupantJid(jid), occupant.nick, `${jid} leads to ${occupant.nick}`);
      assert.equal(presence.attrs["type"], undefined, `${jid} is available`);
    }
  }
  const sessions = occupants.flatMap((occupant) => [...occupant.sessions.keys()]);
  assert.deepEqual(
    live.occupancy.targets.map(({ jid }) => jid),
    sessions,
    "everybody is told",
  );
}

function settingsOf({ settings, subject, isLocked }: RoomState): Record<string, unknown> {
  const { broadcast, ...rest } = settings;
  const shown = ROLES.filter((role) => broadcast.includes(role));
  return { ...rest, broadcast: shown, subject: subject?.text || "", setBy: subject?.nick, isLocked };
}

function placeOfModel(room: RoomState): unknown {
  return {
    settings: settingsOf(room),
    standings: Object.fromEntries(
      [...room.standings].map(([jid, { affiliation, nick = "", reason = "" }]) => [
        jid,
        `${affiliation} ${nick} ${reason}`,
      ]),
    ),
    occupants: room.occupants.map(({ nick, user, role, sessions }) => `${nick} ${user} ${role} ${sessions.join()}`),
  };
}

function placeOf(live: LiveRoom): unknown {
  const [setBy, subject = ""] = live.getSubject();
  const maxUsers = live._data["max_occupants"] ?? 0;
  const shown = live.getPresenceBroadcast();
  return {
    settings: {
      name: live.getName() ?? "",
      persistent: live.getPersistent(),
      password: live.getPassword() ?? "",
      membersOnly: live.getMembersOnly(),
      memberInvites: live.getAllowMemberInvites(),
      maxUsers,
      changeSubject: live.getChangesubject(),
      moderated: live.getModerated(),
      whois: live.getWhois(),
      allowPm: live.getAllowPm(),
      broadcast: ROLES.filter((role) => shown.has(role)),
      subject,
      setBy: setBy === live.jid ? undefined : setBy.slice(setBy.indexOf("/") + 1),
      isLocked: live.isLocked(),
    },
    standings: Object.fromEntries(
      live
        .eachAffiliation()
        .map(([jid, affiliation, data]) => [
          jid,
          `${affiliation} ${data?.reserved_nickname ?? ""} ${data?.reason ?? ""}`,
        ]),
    ),
    occupants: live.eachOccupant().map(([, { nick, bareJid, role, sessions }]) => {
      return `${nick.slice(nick.indexOf("/") + 1)} ${bareJid} ${role} ${[...sessions.keys()].join()}`;
    }),
  };
}
