import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync, X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { startService } from "../../../core/testing/index.js";
import { selfSignedCertificate } from "../../../modules/mod_tls/certificate.js";

const MODULES = `modules_enabled = { "roster", "saslauth", "tls" }`;
const OPEN =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='localhost'>";

/** Sends, and waits until what came matches. */
function exchange(socket: NodeJS.ReadWriteStream, text: string, until: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let received = "";
    const onData = (chunk: Buffer): void => {
      received += chunk.toString();
      const match = until.exec(received);
      if (!match) return;
      socket.off("data", onData);
      resolve(match);
    };
    socket.on("data", onData);
    socket.once("close", () => {
      reject(new Error(`closed after ${received}`));
    });
    socket.write(text);
  });
}

async function connectSecurely(port: number): Promise<TLSSocket> {
  const plain = connectTcp({ host: "127.0.0.1", port });
  await exchange(plain, OPEN, /<\/stream:features>/);
  await exchange(plain, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", /<proceed/);
  const secure = connectTls({ socket: plain, rejectUnauthorized: false });
  await new Promise((resolve) => secure.once("secureConnect", resolve));
  return secure;
}

test("a host without a certificate makes one, once, whose key nobody else can read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chorus-tls-"));
  const config = `data_path = "${folder}"\n${MODULES}\nVirtualHost "localhost"`;
  const fingerprint = async (): Promise<string> => {
    await using service = await startService({ config });
    const socket = await connectSecurely(service.clientPort);
    const { fingerprint256, subject } = socket.getPeerCertificate();
    assert.equal(subject.CN, "localhost");
    socket.destroy();
    return fingerprint256;
  };
  const first = await fingerprint();
  assert.equal(await fingerprint(), first);
  assert.equal((await stat(join(folder, "certs", "localhost.key"))).mode & 0o777, 0o600);
  assert.deepEqual((await readdir(join(folder, "certs"))).sort(), ["localhost.crt", "localhost.key"]);
  await rm(folder, { recursive: true });
});

test("the certificate that ssl names is used, and one that is missing is reported", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chorus-tls-"));
  const { cert, key } = await selfSignedCertificate(join(folder, "made"), "chat.example", new Date());
  await writeFile(join(folder, "my.crt"), cert);
  await writeFile(join(folder, "my.key"), key);
  const config = (name: string): string =>
    `${MODULES}\nssl = { certificate = "${folder}/${name}.crt", key = "${folder}/${name}.key" }\nVirtualHost "localhost"`;
  {
    await using service = await startService({ config: config("my") });
    const socket = await connectSecurely(service.clientPort);
    assert.equal(socket.getPeerCertificate().fingerprint256, new X509Certificate(cert).fingerprint256);
    socket.destroy();
  }
  await assert.rejects(
    startService({ config: config("missing") }),
    /ssl: expected a file that can be read, got ".*missing.crt"/,
  );
  assert.ok((await readFile(join(folder, "my.crt"), "utf8")).includes("BEGIN CERTIFICATE"));
  await rm(folder, { recursive: true });
});

test("a client that binds its login to the connection gets in, by both types of binding", async () => {
  await using service = await startService({
    config: `${MODULES}\nVirtualHost "localhost"\n  authentication = "internal_hashed"`,
  });
  const [provider] = service.host("localhost").items("auth-provider") as {
    create(username: string, password: string): Promise<void>;
  }[];
  await provider?.create("romeo", "secret");
  for (const type of ["tls-exporter", "tls-server-end-point"]) {
    for (const isRight of [true, false]) {
      const socket = await connectSecurely(service.clientPort);
      await exchange(socket, OPEN, /<\/stream:features>/);
      const binding =
        type === "tls-exporter"
          ? socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0))
          : createHash("sha256").update(socket.getPeerCertificate().raw).digest();
      if (!isRight) binding[0] = (binding[0] ?? 0) ^ 1;
      const header = `p=${type},,`;
      const first = "n=romeo,r=clientnonce";
      const auth = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256-PLUS'>${encode(header + first)}</auth>`;
      const [, encoded] = await exchange(socket, auth, /<challenge[^>]*>([^<]+)/);
      const challenge = Buffer.from(encoded ?? "", "base64").toString();
      const [, nonce, salt, iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(challenge) as unknown as string[];
      const salted = pbkdf2Sync("secret", Buffer.from(salt ?? "", "base64"), Number(iterations), 32, "sha256");
      const clientKey = createHmac("sha256", salted).update("Client Key").digest();
      const storedKey = createHash("sha256").update(clientKey).digest();
      const without = `c=${Buffer.concat([Buffer.from(header), binding]).toString("base64")},r=${nonce}`;
      const signature = createHmac("sha256", storedKey).update(`${first},${challenge},${without}`).digest();
      const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))).toString("base64");
      const response = `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${encode(`${without},p=${proof}`)}</response>`;
      const [outcome] = await exchange(socket, response, /<(success|failure)/);
      assert.equal(outcome, isRight ? "<success" : "<failure", type);
      socket.destroy();
    }
  }
});

test("direct TLS, for hosts that the client names", async () => {
  await using service = await startService({
    config: `c2s_direct_tls_ports = { 0 }\n${MODULES}\nVirtualHost "localhost"`,
  });
  const address = service.addresses.find((each) => each.startsWith("c2s_direct_tls on ")) ?? "";
  const port = Number(/:(\d+)$/.exec(address)?.[1]);
  const socket = connectTls({ host: "127.0.0.1", port, servername: "localhost", rejectUnauthorized: false });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  await exchange(socket, OPEN, /<mechanism>PLAIN/);
  socket.destroy();
  const stranger = connectTls({ host: "127.0.0.1", port, servername: "other.example", rejectUnauthorized: false });
  await new Promise((resolve) => stranger.once("error", resolve));
});

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
