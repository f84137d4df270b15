import assert from "node:assert/strict";
import { test } from "node:test";
import { loginAll, type LoadClient } from "../../bench/load/client.js";
import { RoomLoad } from "../../bench/load/room.js";
import { BareServer, type Connection } from "../../bench/servers/bare-server.js";

/** Does something else with the fifth message. */
class Faulty extends BareServer {
  #count = 0;

  constructor(readonly fault: (members: readonly Connection[], message: string) => void) {
    super();
  }

  protected override deliver(members: readonly Connection[], message: string): void {
    if (++this.#count === 5) this.fault(members, message);
    else super.deliver(members, message);
  }
}

/** Three occupants, of whom the first says ten messages with two under way. */
async function talkThrough(server: BareServer): Promise<number> {
  const clientPort = await server.listen();
  const clients: LoadClient[] = [];
  try {
    clients.push(
      ...(await loginAll(
        {
          name: "bare",
          pid: process.pid,
          clientPort,
          login: "ANONYMOUS",
          compiles: true,
          output: "",
          stop: async () => undefined,
        },
        3,
      )),
    );
    const room = new RoomLoad("room@conference.localhost", clients);
    assert.equal(await room.join(2), 9);
    const latencies = await room.talk({ senders: 1, messages: 10, inFlight: 2 });
    room.check();
    return latencies.count;
  } finally {
    for (const client of clients) client.end();
    server.close();
  }
}

test("what is delivered once and in order to everybody is counted", async () => {
  assert.equal(await talkThrough(new BareServer()), 30);
});

const FAULTS: readonly [name: string, fault: (members: readonly Connection[], message: string) => void, RegExp][] = [
  [
    "lost for one",
    ([first, second], message) => {
      first?.write(message);
      second?.write(message);
    },
    /occupant 2 got message 5 of 0, and 4 was due/,
  ],
  [
    "sent twice",
    (members, message) => {
      for (const member of [...members, members[1]]) member?.write(message);
    },
    /occupant 1 got message 4 of 0, and 5 was due/,
  ],
  [
    "made up",
    (members, message) => {
      for (const member of members) member.write(message.replace("<body>000000004", "<body>000000006"));
    },
    /occupant 0 got message 6 of 0, and 4 was due/,
  ],
];

for (const [name, fault, message] of FAULTS) {
  test(`a message that is ${name} is noticed`, async () => {
    await assert.rejects(talkThrough(new Faulty(fault)), message);
  });
}

test("a presence that is sent twice is noticed", async () => {
  class Repeating extends BareServer {
    protected override announce(members: readonly Connection[], presence: string): void {
      for (const member of [...members, ...members.slice(0, 1)]) member.write(presence);
    }
  }
  await assert.rejects(talkThrough(new Repeating()), /occupant 0 was told again of 0/);
});

test("a connection that the server closes is noticed", async () => {
  const server = new Faulty((members, message) => {
    for (const member of members.slice(1)) member.write(message);
    members[0]?.close();
  });
  await assert.rejects(talkThrough(server), /the server closed the connection/);
});
