import { FakeClock } from "../../../core/testing/fake-clock.js";
import type { TestService } from "../../../core/testing/service.js";
import { FaultyDisk } from "../../../core/testing/storage-faults.js";
import type { Storage } from "../../../core/storage/store.js";
import { xml } from "../../../core/xmpp/element.js";
import { serialise } from "../../../core/xmpp/template.js";
import { Random } from "../../support/random.js";
import { minimise } from "../minimise.js";
import { seedAfter, type Finding, type Target } from "../target.js";
import { actionsFor, repertoire, type Action } from "./actions.js";
import type { Asked, Cast } from "./cast.js";

/** Things that happen to one service before it is looked at, and the next one is started. */
const LENGTH = 150;
const ROOMS = ["room@conference.localhost", "hall@conference.localhost"];
const DISK_ERROR = "no space left on device";

/** Modules beyond the standard set; those that refuse much of what comes are loaded now and then only. */
const MODULES = [
  ...[
    "muc_mam",
    "muc_moderation",
    "muc_retraction",
    "muc_hats_adhoc",
    "muc_max_occupants",
    "muc_affiliation_versioning",
  ],
  ...["muc_affiliation_notice", "muc_activity", "muc_admin", "muc_confusable_nicks", "muc_contacts", "muc_keep_voice"],
  ...["muc_logs_url", "muc_member_list", "muc_mention_notifications", "muc_pubsub_node", "muc_search", "muc_slow_mode"],
  ...["muc_visitor_nicks", "muc_webchat_url", "server_contact_info", "muc_restrict_media", "muc_auto_reserve_nicks"],
];
const STRICT_MODULES = ["muc_limits", "muc_register_approval", "muc_auto_member", "muc_config_restrict"];

/** The rooms' section of a configuration. */
function sectionOf(random: Random): string {
  const strict = STRICT_MODULES.filter(() => random.below(4) === 0);
  const names = [...MODULES, ...strict].map((name) => `"${name}"`);
  return `
    Component "conference.localhost" "muc"
      modules_enabled = { ${names.join(", ")} }
      allow_unaffiliated_register = ${String(random.below(2) === 0)}
      enforce_registered_nickname = ${String(random.below(4) === 0)}
      muc_room_locking = ${String(random.below(2) === 0)}
      muc_room_default_persistent = ${String(random.below(2) === 0)}
  `;
}

/** A service, and the people who send it stanzas, each in some way. */
export interface Stage extends AsyncDisposable {
  readonly service: TestService;
  readonly cast: Cast;
  /** Until all that is under way and waits for no time has happened. */
  settle(): Promise<void>;
  passTime(seconds: number): Promise<void>;
  /** What is wrong with the way itself, once all has been played. */
  faults(): readonly string[];
}

/** Sets a stage. @param section the rooms' section of the configuration, which is the last */
export type SetStage = (section: string, storage: Storage, clock: FakeClock) => Promise<Stage>;

/** What is played, on a new stage each time. */
export function stanzaTarget(name: string, share: number, set: SetStage): Target {
  return {
    name,
    share,
    async fuzz(course) {
      const parts = repertoire();
      for (let done = 0; done < course.inputs; done += LENGTH) {
        const seed = seedAfter(course.seed, done);
        const random = new Random(seed);
        const section = sectionOf(random);
        const actions = actionsFor(random, parts, Math.min(LENGTH, course.inputs - done));
        const play = (some: readonly Action[]): Promise<Wrong[]> => wrongsOf(set, section, some);
        const [first] = await play(actions);
        if (first !== undefined) course.found(await finding(seed, play, actions, first));
        course.progress?.(done);
      }
      return "";
    },
  };
}

async function finding(
  seed: number,
  play: (some: readonly Action[]) => Promise<Wrong[]>,
  actions: readonly Action[],
  first: Wrong,
): Promise<Finding> {
  const fails = async (some: readonly Action[]): Promise<boolean> =>
    (await play(some)).some(({ key }) => key === first.key);
  const few = await minimise(actions, fails, 150);
  const told = (await play(few)).find(({ key }) => key === first.key) ?? first;
  return { kind: first.kind, seed, inputs: actions.length, what: [told.what, "after", ...few.map(line)].join("\n") };
}

function line(action: Action): string {
  if (action.kind === "send") return `${action.who} sends ${serialise(action.stanza)}`;
  if (action.kind === "disconnect") return `${action.who} disconnects`;
  return action.kind === "time passes" ? `${action.seconds} s pass` : action.kind;
}

interface Wrong {
  readonly kind: Finding["kind"];
  readonly what: string;
  /** The same for the same fault after other actions. */
  readonly key: string;
}

/** Plays it on a stage of its own. */
async function wrongsOf(set: SetStage, section: string, actions: readonly Action[]): Promise<Wrong[]> {
  const clock = new FakeClock();
  const disk = new FaultyDisk();
  const storage = await disk.open(() => clock.now());
  const wrongs: Wrong[] = [];
  const escaped = (error: unknown): void => {
    wrongs.push({
      kind: "crash",
      key: `escaped ${String(error)}`,
      what: `escaped: ${error instanceof Error ? String(error.stack) : String(error)}`,
    });
  };
  process.on("uncaughtException", escaped);
  process.on("unhandledRejection", escaped);
  try {
    await using stage = await set(section, storage, clock);
    try {
      for (const action of actions) await play(action, stage, disk);
    } finally {
      disk.repair();
    }
    await rest(stage);
    wrongs.push(...(await look(stage)));
    for (const fault of stage.faults()) wrongs.push({ kind: "difference", key: fault.slice(0, 40), what: fault });
    wrongs.push(
      ...logged(
        stage.service,
        actions.some(({ kind }) => kind === "disk fails"),
      ),
    );
  } catch (error) {
    escaped(error);
  } finally {
    process.off("uncaughtException", escaped);
    process.off("unhandledRejection", escaped);
    await storage.close();
    await disk.close();
  }
  return wrongs;
}

async function play(action: Action, { cast, settle, passTime }: Stage, disk: FaultyDisk): Promise<void> {
  if (action.kind === "send") cast.send(action.who, action.stanza);
  else if (action.kind === "disconnect") await cast.disconnect(action.who);
  else if (action.kind === "disk fails") disk.failSyncedCommits(new Error(DISK_ERROR), 1);
  else {
    // The disk has had its time by then.
    await settle();
    if (action.kind === "time passes") await passTime(action.seconds);
  }
}

/** Until whoever waits for an answer has got one, if only that there is none. */
async function rest({ settle, passTime }: Stage): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await settle();
    await passTime(130);
  }
  await settle();
}

async function look(stage: Stage): Promise<Wrong[]> {
  const { cast } = stage;
  const wrongs: Wrong[] = [];
  const difference = (key: string, what: string): void => {
    wrongs.push({ kind: "difference", key, what });
  };
  const ended = new Set(cast.ended());
  for (const { stanza, answers, isMoot, who } of cast.asked.values()) {
    if (answers.length === 1 || ((isMoot || ended.has(who)) && answers.length === 0)) continue;
    const got = answers.map(serialise).join("\n");
    difference(`${answers.length} answers`, `${answers.length} answers for ${who} to ${serialise(stanza)}\n${got}`);
  }
  for (const wrong of cast.wrongs) difference("answered an answer", wrong);
  const pings = [...cast.beliefs(ROOMS)].map(({ who, room, nick }) => {
    const ping = cast.ask(who, `${room}/${nick ?? "Ada"}`, xml("ping", { xmlns: "urn:xmpp:ping" }));
    return { who, room, nick, ping };
  });
  const info = xml("query", { xmlns: "http://jabber.org/protocol/disco#info" });
  const questions = ROOMS.map((room) => ({ room, asked: cast.ask("witness@localhost/x", room, info) }));
  await rest(stage);
  for (const { who, room, nick, ping } of pings) {
    const type = typeOf(ping);
    if (type === (nick === undefined ? "error" : "result")) continue;
    const belief = nick === undefined ? "outside" : `inside as ${nick}`;
    const told = ping.answers.map(serialise).join();
    difference(
      `self-ping ${belief.slice(0, 7)} ${type}`,
      `${who} believes to be ${belief} of ${room}, and is told ${told}`,
    );
  }
  for (const { room, asked } of questions) {
    if (asked.answers.length !== 1) difference("silent room", `${room} does not answer`);
  }
  return wrongs;
}

function typeOf({ answers }: Asked): string {
  return answers.length === 1 ? String(answers[0]?.attrs["type"]) : `${answers.length} answers`;
}

/** Errors in the log are what somebody would have to look at; without a broken disk nobody should. */
function logged(service: TestService, wasBroken: boolean): Wrong[] {
  return service.logLines.flatMap(({ level, name, message }) => {
    const isStray = level === "warn" && message.startsWith("a second answer");
    if (level !== "error" && !isStray) return [];
    if (wasBroken && /no space left on device|internal-server-error/.test(message)) return [];
    return [
      {
        kind: "crash",
        key: `${name} ${message.replace(/\S*\d\S*/g, "").slice(0, 60)}`,
        what: `${name} ${level}: ${message}`,
      },
    ];
  });
}
