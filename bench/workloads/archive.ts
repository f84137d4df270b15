import { rm } from "node:fs/promises";
import { LoadClient } from "../load/client.js";
import { Latencies } from "../load/latencies.js";
import { ask, makePersistent } from "../load/owner.js";
import { RoomLoad } from "../load/room.js";
import { ARCHIVE_BEGINS, ARCHIVE_ROOM, messageId } from "../seed/archive-content.js";
import { storedData } from "../seed/import.js";
import { prosodySqlite, prosodySqliteIsMissing, sqliteArchives } from "../seed/prosody-sqlite.js";
import { startChorus } from "../servers/chorus.js";
import { startProsodyRooms } from "../servers/prosody.js";
import { ROOMS, type BenchServer } from "../servers/server.js";
import type { Sizes } from "./sizes.js";
import {
  inTurn,
  measure,
  warmUp,
  withServer,
  type Bench,
  type Measurement,
  type ServerName,
  type Workload,
} from "./workload.js";

const PAGE = 50;
const ARCHIVED = `modules_enabled = { "muc_mam" }\n  muc_log_expires_after = "never"`;

/** A persistent room's messages with and without an archive; then pages of a large archive, wherever they are in it. */
export const archive: Workload = {
  name: "archive",
  servers: ["chorus", "prosody"],
  run: inTurn(async (name, bench) => {
    if (name === "chorus") {
      return [
        ...(await talk(name, "room-100 persistent", startChorus(bench.launch, { profile: bench.profile }), bench)),
        ...(await talk(
          name,
          "room-100 archived",
          startChorus(bench.launch, { profile: bench.profile, rooms: ARCHIVED }),
          bench,
        )),
        ...(await chorusPages(bench)),
      ];
    }
    if (prosodySqliteIsMissing() !== undefined) return [];
    const file = await prosodySqlite(bench);
    try {
      return await pages(name, startProsodyRooms(bench.launch, sqliteArchives(file)), bench.sizes);
    } finally {
      await rm(file);
    }
  }),
};

async function talk(
  name: ServerName,
  workload: string,
  starting: Promise<BenchServer>,
  { sizes }: Bench,
): Promise<Measurement[]> {
  const { occupants, messages } = sizes.room100;
  return withServer(starting, async (server, login) => {
    const clients = await login(occupants);
    const room = new RoomLoad(`room-100@${ROOMS}`, clients);
    await room.join(1);
    await makePersistent(clients[0] as LoadClient, `room-100@${ROOMS}`);
    const measurements: Measurement[] = [];
    await room.talk({ senders: 1, messages: warmUp(server, messages), inFlight: 10 });
    for (const inFlight of [1, 10]) {
      const figures = await measure(server, async () => ({
        latencies: await room.talk({ senders: 1, messages, inFlight }),
        deliveries: occupants * messages,
      }));
      room.check();
      measurements.push({ workload: `${workload}, ${inFlight} in flight`, server: name, figures });
    }
    return measurements;
  });
}

async function chorusPages(bench: Bench): Promise<Measurement[]> {
  const data = await storedData(bench);
  try {
    return await pages(
      "chorus",
      startChorus(bench.launch, { profile: bench.profile, data, rooms: ARCHIVED }),
      bench.sizes,
    );
  } finally {
    await rm(data, { recursive: true });
  }
}

/** Kinds of pages: what asks for one, and the number of the message that it begins with. */
function kinds(messages: number): readonly (readonly [kind: string, request: string, first: number])[] {
  const middle = messages / 2;
  const rsm = (content: string): string =>
    `<set xmlns='http://jabber.org/protocol/rsm'><max>${PAGE}</max>${content}</set>`;
  const start = new Date((ARCHIVE_BEGINS + middle) * 1000).toISOString();
  const since =
    "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>" +
    `<field var='start'><value>${start}</value></field></x>`;
  return [
    ["first", rsm(""), 0],
    ["last", rsm("<before/>"), messages - PAGE],
    ["middle", since + rsm(""), middle],
    ["by id", rsm(`<after>${messageId(middle - 1)}</after>`), middle],
  ];
}

async function pages(name: ServerName, starting: Promise<BenchServer>, { stored }: Sizes): Promise<Measurement[]> {
  return withServer(starting, async (server, login) => {
    const clients = await login(1);
    const client = clients[0] as LoadClient;
    const room = `${ARCHIVE_ROOM}@${ROOMS}`;
    await new RoomLoad(room, clients).join(1);
    const measurements: Measurement[] = [];
    for (const [kind, request, first] of kinds(stored.messages)) {
      const read = async (count: number, latencies: Latencies): Promise<void> => {
        for (let number = 0; number < count; number++) {
          const began = performance.now();
          const answer = await ask(
            client,
            `<iq type='set' id='page-${number}' to='${room}'><query xmlns='urn:xmpp:mam:2' queryid='page'>${request}</query></iq>`,
          );
          latencies.add(performance.now() - began);
          checkPage(kind, answer, first);
        }
      };
      await read(warmUp(server, stored.pages), new Latencies());
      const { cpuMicrosPerDelivery, latencyP50Ms, latencyP95Ms } = await measure(server, async () => {
        const latencies = new Latencies();
        await read(stored.pages, latencies);
        return { latencies, deliveries: stored.pages };
      });
      const figures = {
        cpuMicrosPerPage: cpuMicrosPerDelivery ?? NaN,
        latencyP50Ms: latencyP50Ms ?? NaN,
        latencyP95Ms: latencyP95Ms ?? NaN,
      };
      measurements.push({ workload: `archive, ${kind} page`, server: name, figures });
    }
    return measurements;
  });
}

/** @throws Error unless a page has its messages, in order, beginning with that one */
function checkPage(kind: string, answer: string, first: number): void {
  const numbers = [...answer.matchAll(/<body>(\d{9})/g)].map(([, digits]) => Number(digits));
  const isRight = numbers.length === PAGE && numbers.every((number, index) => number === first + index);
  if (!isRight)
    throw new Error(`archive: the ${kind} page has messages ${numbers.join(" ")}, not ${PAGE} from ${first} on`);
}
