import { setTimeout as sleep } from "node:timers/promises";
import { ChorusProcess } from "../support/chorus-process.js";
import { Ledger } from "./ledger.js";
import { cells, Load } from "./load.js";
import { Random } from "../support/random.js";
import { DEEDS, MAKER, OWNER, REGISTRANTS, TALKERS, TALKS } from "./rooms.js";
import { Session } from "./session.js";
import { Talk } from "./talk.js";
import { ArchiveReader, checkRooms } from "./truth.js";

const CONFIG = `
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
c2s_ports = { 0 }
c2s_interfaces = { "127.0.0.1" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
modules_enabled = { "roster", "saslauth", "disco", "ping" }
log = { warn = "*console" }
VirtualHost "localhost"
Component "conference.localhost" "muc"
    modules_enabled = { "muc_mam", "muc_moderation", "muc_hats_adhoc" }
    muc_room_cache_size = 2
    allow_unaffiliated_register = true
`;
/** A life under load is no longer than this. */
const LIFE_MS = 400;
/** One kill in so many comes while the process starts. */
const EARLY = 8;
const START_MS = 600;

/** What came of a run. */
export interface TortureReport {
  readonly kills: number;
  /** Changes that clients were told of. */
  readonly acknowledged: number;
  /** Messages that anybody received. */
  readonly heard: number;
  /** What was told and is not there, or there and was never asked for. */
  readonly differences: readonly string[];
}

/** How to torture. */
export interface TortureOptions {
  readonly kills: number;
  readonly seed: number;
  /** Called after every restart that was looked at. */
  readonly onCheck?: (kills: number, acknowledged: number) => void;
}

/**
 * Kills a Chorus (SIGKILL) at random moments while clients change all that is stored, starts it again on the same data,
 * and compares what is there with what they had been told. Ends with the first difference.
 *
 * The seed fixes what is asked and when the end comes; where in its work the process is then is the machine's choice.
 */
export async function torture({ kills, seed, onCheck }: TortureOptions): Promise<TortureReport> {
  const random = new Random(seed);
  const ledger = new Ledger();
  const talk = new Talk(ledger);
  const archives = new ArchiveReader(talk);
  const load = new Load(ledger, talk, random, 1);
  let done = 0;
  const report = (): TortureReport => ({
    kills: done,
    acknowledged: ledger.acknowledged,
    heard: talk.heardCount,
    differences,
  });
  let differences: string[] = [];
  await using chorus = await ChorusProcess.start(CONFIG);
  for (let checked: string[] = []; ;) {
    const sessions = await openAll(chorus.clientPort, talk);
    if (done === 0) await load.prepare(sessions);
    else {
      const all = mortals(ledger);
      const fresh = done >= kills ? all : all.filter((room) => !checked.includes(room));
      try {
        await checkRooms(ledger, sessions, [...fresh, ...sample(random, checked)]);
        await archives.check(sessions.get(OWNER) as Session, done >= kills ? "all" : "new");
      } catch (error) {
        ledger.report(String(error)); // what was there when the service died cannot be read
      }
      checked = all;
    }
    for (const line of chorus.output.split("\n").filter((text) => /"level":(50|60)/.test(text))) ledger.report(line);
    differences = ledger.takeDifferences();
    onCheck?.(done, ledger.acknowledged);
    if (differences.length > 0 || done >= kills) {
      for (const session of sessions.values()) session.drop();
      await chorus.stop("SIGKILL");
      const { status, output } = await chorus.control("doctor");
      if (status !== 0) differences.push(output);
      return report();
    }
    await load.enter(sessions);
    const running = load.run(sessions);
    await sleep(random.below(LIFE_MS));
    await chorus.stop("SIGKILL");
    done++;
    await running;
    await Promise.all([...sessions.values()].map((session) => session.closed));
    while (done < kills && random.below(EARLY) === 0) {
      await chorus.startAndKill(random.below(START_MS));
      done++;
    }
    await chorus.start();
  }
}

async function openAll(port: number, talk: Talk): Promise<Map<string, Session>> {
  const users = [OWNER, MAKER, ...REGISTRANTS, ...TALKERS];
  const sessions = await Promise.all(users.map((user) => Session.open(port, user)));
  for (const session of sessions) {
    session.onStanza = (stanza) => {
      talk.hear(session.user, stanza);
    };
  }
  return new Map(sessions.map((session) => [session.user, session]));
}

/** Rooms that were made besides those that stay. */
function mortals(ledger: Ledger): string[] {
  const suffix = cells.form("");
  const rooms = ledger.names("mortal").filter((name) => name.endsWith(suffix));
  const lasting = new Set([...TALKS, ...DEEDS]);
  return rooms.map((name) => name.slice(0, -suffix.length)).filter((room) => !lasting.has(room));
}

/** A few of those that were looked at before: they stay as they are. */
function sample(random: Random, rooms: readonly string[]): string[] {
  return rooms.length === 0 ? [] : [...new Set([0, 1, 2].map(() => random.pick(rooms)))];
}
