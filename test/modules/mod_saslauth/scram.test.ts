import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { ScramHash, ScramKeys } from "chorus-muc";
import { ScramServer, type ScramOptions } from "../../../modules/mod_saslauth/scram.js";

function keysFor(password: string, salt: Buffer, iterations: number, hash: ScramHash): ScramKeys {
  const salted = pbkdf2Sync(password, salt, iterations, hash === "sha1" ? 20 : 32, hash);
  const clientKey = createHmac(hash, salted).update("Client Key").digest();
  return {
    salt,
    iterations,
    storedKey: createHash(hash).update(clientKey).digest(),
    serverKey: createHmac(hash, salted).update("Server Key").digest(),
  };
}

function server(options: Partial<ScramOptions> = {}): ScramServer {
  return new ScramServer({
    hash: "sha1",
    plus: false,
    plusOffered: false,
    channelBinding: () => undefined,
    prepareUsername: (name) => name.toLowerCase(),
    jidOf: (username) => `${username}@example.org`,
    keys: (_, hash) => Promise.resolve(keysFor("pencil", Buffer.from("salt"), 4096, hash)),
    ...options,
  });
}

const say = (scram: ScramServer, text: string): ReturnType<ScramServer["step"]> => scram.step(Buffer.from(text));

test("the exchange of RFC 5802 §5 ends with the signature given there", async () => {
  const salt = Buffer.from("QSXCR+Q6sek8bf92", "base64");
  const scram = server({
    nonce: "3rfcNHYJY1ZVvWVs7j",
    keys: (_, hash) => Promise.resolve(keysFor("pencil", salt, 4096, hash)),
  });
  assert.deepEqual(await say(scram, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"), {
    kind: "challenge",
    data: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
  });
  assert.deepEqual(
    await say(scram, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
    { kind: "success", username: "user", data: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
  );
});

test("the exchange of RFC 7677 §3 ends with the signature given there", async () => {
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  const scram = server({
    hash: "sha256",
    nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    keys: (_, hash) => Promise.resolve(keysFor("pencil", salt, 4096, hash)),
  });
  await say(scram, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  assert.deepEqual(
    await say(
      scram,
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    ),
    { kind: "success", username: "user", data: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
  );
});

/** What a client that knows the password answers. */
function finalMessage(password: string, first: string, challenge: string, binding: Buffer, header: string): string {
  const [, nonce, salt, iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(challenge) as unknown as string[];
  const salted = pbkdf2Sync(password, Buffer.from(salt ?? "", "base64"), Number(iterations), 20, "sha1");
  const clientKey = createHmac("sha1", salted).update("Client Key").digest();
  const storedKey = createHash("sha1").update(clientKey).digest();
  const without = `c=${Buffer.concat([Buffer.from(header), binding]).toString("base64")},r=${nonce}`;
  const signature = createHmac("sha1", storedKey).update(`${first},${challenge},${without}`).digest();
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return `${without},p=${proof.toString("base64")}`;
}

async function logIn(scram: ScramServer, password: string, header: string, binding: Buffer): Promise<string> {
  const first = "n=user,r=abcdef";
  const challenge = await say(scram, header + first);
  if (challenge.kind !== "challenge")
    return challenge.kind === "failure" ? (challenge.error ?? challenge.condition) : "success";
  const step = await say(scram, finalMessage(password, first, challenge.data, binding, header));
  return step.kind === "failure" ? (step.error ?? step.condition) : step.kind;
}

test("channel binding: the client has to bind to this very connection", async () => {
  const here = Buffer.from("this connection");
  const plus = { plus: true, plusOffered: true, channelBinding: () => here };
  const none = Buffer.alloc(0);
  const header = "p=tls-exporter,,";
  assert.equal(await logIn(server(plus), "pencil", header, here), "success");
  assert.equal(await logIn(server(plus), "pencil", header, Buffer.from("another")), "channel-bindings-dont-match");
  assert.equal(await logIn(server(plus), "pencil", "p=tls-unique,,", here), "unsupported-channel-binding-type");
  assert.equal(await logIn(server(plus), "pencil", "n,,", none), "channel-binding-not-supported");
  assert.equal(await logIn(server(), "pencil", header, here), "channel-binding-not-supported");
});

test("a client that was told of no channel binding, though it was offered, is refused", async () => {
  const none = Buffer.alloc(0);
  assert.equal(
    await logIn(server({ plusOffered: true }), "pencil", "y,,", none),
    "server-does-support-channel-binding",
  );
  assert.equal(await logIn(server({ plusOffered: false }), "pencil", "y,,", none), "success");
  assert.equal(await logIn(server({ plusOffered: true }), "pencil", "n,,", none), "success");
});

test("a wrong password, and an identity of somebody else, are refused", async () => {
  const none = Buffer.alloc(0);
  assert.equal(await logIn(server(), "pen", "n,,", none), "invalid-proof");
  assert.equal(await logIn(server(), "pencil", "n,a=other@example.org,", none), "invalid-authzid");
  assert.equal(await logIn(server(), "pencil", "n,a=user@example.org,", none), "success");
});

test("malformed messages are refused, each with its error", async () => {
  const first = async (text: string): Promise<unknown> => {
    const step = await say(server(), text);
    return step.kind === "failure" ? step.error : step.kind;
  };
  assert.equal(await first("n,,m=x,n=user,r=abc"), "extensions-not-supported");
  assert.equal(await first("n,,n=us=er,r=abc"), "invalid-username-encoding");
  assert.equal(await first("n,,n=a=2Cb=3D,r=abc"), "challenge");
  assert.equal(await first("n,,n=user"), "other-error");
  assert.equal(await first("n,,n=user,r="), "other-error");
  assert.equal((await server().step(Buffer.from([0xff, 0xfe]))).kind, "failure");
});

test("whatever a client sends, nothing throws and nobody gets in", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), async (one, two) => {
      const scram = server();
      assert.notEqual((await say(scram, one)).kind, "success");
      assert.notEqual((await say(scram, two)).kind, "success");
      assert.equal((await say(scram, two)).kind, "failure");
    }),
  );
});
