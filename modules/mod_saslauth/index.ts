import {
  authProviderOf,
  childElements,
  ClockToken,
  HostsToken,
  inject,
  injectable,
  isClientStream,
  joinJid,
  ModuleApiToken,
  nodeprep,
  NS_SASL,
  xml,
  type AuthProvider,
  type ChannelBindingType,
  type ClientStream,
  type Clock,
  type Element,
  type Hosts,
  type ModuleApi,
  type Origin,
} from "chorus-muc";
import { accountCommands } from "./commands.js";
import { failure, type SaslServer, type SaslStep } from "./mechanism.js";
import { AnonymousServer, PlainServer } from "./plain.js";
import { ResourceBinding } from "./resource-binding.js";
import { ScramServer } from "./scram.js";
import { LoginThrottle } from "./throttle.js";

const NS_CHANNEL_BINDING = "urn:xmpp:sasl-cb:0";
const BINDINGS: readonly ChannelBindingType[] = ["tls-exporter", "tls-server-end-point"];
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

interface Negotiation {
  readonly offered: ReadonlySet<string>;
  server: SaslServer | undefined;
  failures: number;
}

/**
 * Lets clients log in by SASL (RFC 6120 §6) and bind a resource (§7); keeps the host's account provider, which the
 * option `authentication` names, and the commands that make accounts.
 */
@injectable()
export default class SaslAuth {
  readonly #negotiations = new WeakMap<ClientStream, Negotiation>();
  readonly #throttle: LoginThrottle;
  #requireEncryption = true;
  #allowUnencryptedPlain = false;
  #maxFailures = 5;
  #disabled: ReadonlySet<string> = new Set();

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(HostsToken) private readonly hosts: Hosts,
    @inject(ClockToken) clock: Clock,
  ) {
    this.#throttle = new LoginThrottle(() => clock.now() / 1000);
  }

  load(): void {
    if (this.module.getHostType() !== "local") return; // Prosody loads it on components, too, where nobody logs in
    this.#requireEncryption = this.module.getOptionBoolean("c2s_require_encryption", true);
    this.#allowUnencryptedPlain = this.module.getOptionBoolean("allow_unencrypted_plain_auth", false);
    this.#maxFailures = this.module.getOptionInteger("c2s_max_auth_failures", 5, 1, 100); // per connection
    this.#disabled = this.module.getOptionSet("disable_sasl_mechanisms", []);
    this.module.depends(`auth_${this.module.getOptionString("authentication", "internal_hashed")}`);
    for (const command of accountCommands(this.hosts)) this.module.provides("command", command);

    this.module.hook("stream-features", ({ origin, features }) => {
      if (isClientStream(origin) && origin.username === undefined) this.#offer(origin, features);
    });
    this.module.hook(`stanza/${NS_SASL}:auth`, ({ origin, stanza }) => this.#begin(origin, stanza));
    this.module.hook(`stanza/${NS_SASL}:response`, ({ origin, stanza }) => this.#respond(origin, stanza));
    this.module.hook(`stanza/${NS_SASL}:abort`, ({ origin }) => this.#abort(origin));
    new ResourceBinding(this.module).load();
  }

  #provider(): AuthProvider | undefined {
    const host = this.hosts.get(this.module.host);
    return host && authProviderOf(host);
  }

  #offer(stream: ClientStream, features: Element): void {
    const bindings = BINDINGS.filter((type) => stream.channelBinding(type) !== undefined);
    const mechanisms = this.#mechanisms(stream, bindings.length > 0);
    const before = this.#negotiations.get(stream);
    const offered = new Set(mechanisms);
    this.#negotiations.set(stream, { offered, server: undefined, failures: before?.failures ?? 0 });
    if (mechanisms.length === 0) return;
    features.append(xml("mechanisms", NS_SASL, ...mechanisms.map((name) => xml("mechanism", {}, name))));
    if (bindings.length === 0) return;
    // XEP-0440: which types of channel binding a client may choose from
    const types = bindings.map((type) => xml("channel-binding", { type }));
    features.append(xml("sasl-channel-binding", NS_CHANNEL_BINDING, ...types));
  }

  /** Strongest first. */
  #mechanisms(stream: ClientStream, canBind: boolean): string[] {
    if (this.#requireEncryption && !stream.secure) return [];
    const methods = this.#provider()?.methods ?? new Set();
    const mechanisms: string[] = [];
    for (const plus of canBind ? ["-PLUS", ""] : [""]) {
      if (methods.has("scram-sha-256")) mechanisms.push(`SCRAM-SHA-256${plus}`);
      if (methods.has("scram-sha-1")) mechanisms.push(`SCRAM-SHA-1${plus}`);
    }
    if (methods.has("plain") && (stream.secure || this.#allowUnencryptedPlain)) mechanisms.push("PLAIN");
    if (methods.has("anonymous")) mechanisms.push("ANONYMOUS");
    return mechanisms.filter((name) => !this.#disabled.has(name));
  }

  #begin(origin: Origin, stanza: Element): true | undefined {
    const negotiation = this.#negotiationOf(origin);
    if (!negotiation || !isClientStream(origin)) return undefined;
    const mechanism = String(stanza.attrs["mechanism"] ?? "");
    negotiation.server = undefined;
    if (!negotiation.offered.has(mechanism)) {
      const refusedInClear = !origin.secure && (this.#requireEncryption || mechanism === "PLAIN");
      return this.#answer(origin, failure(refusedInClear ? "encryption-required" : "invalid-mechanism"));
    }
    const server = this.#server(mechanism, origin, negotiation.offered);
    negotiation.server = server;
    if (stanza.text() === "" && server instanceof ScramServer) {
      // The client speaks first (RFC 6120 §6.4.2): an empty challenge asks it to.
      return this.#answer(origin, { kind: "challenge", data: "" });
    }
    return this.#step(origin, server, stanza);
  }

  #respond(origin: Origin, stanza: Element): true | undefined {
    const negotiation = this.#negotiationOf(origin);
    if (!negotiation || !isClientStream(origin)) return undefined;
    if (!negotiation.server) return this.#answer(origin, failure("not-authorized"));
    return this.#step(origin, negotiation.server, stanza);
  }

  #abort(origin: Origin): true | undefined {
    const negotiation = this.#negotiationOf(origin);
    if (!negotiation || !isClientStream(origin)) return undefined;
    negotiation.server = undefined;
    return this.#answer(origin, failure("aborted"));
  }

  /** That of a stream that has still to log in. */
  #negotiationOf(origin: Origin): Negotiation | undefined {
    return isClientStream(origin) && origin.username === undefined ? this.#negotiations.get(origin) : undefined;
  }

  #server(mechanism: string, stream: ClientStream, offered: ReadonlySet<string>): SaslServer {
    if (mechanism === "ANONYMOUS") return new AnonymousServer();
    const provider = this.#provider();
    const prepareUsername = (name: string): string | undefined => nodeprep(name);
    const jidOf = (username: string): string => joinJid(username, this.module.host);
    if (mechanism === "PLAIN") {
      const testPassword = async (username: string, password: string): Promise<boolean> =>
        (await provider?.testPassword?.(username, password)) ?? false;
      return new PlainServer({ prepareUsername, jidOf, testPassword });
    }
    return new ScramServer({
      hash: mechanism.startsWith("SCRAM-SHA-256") ? "sha256" : "sha1",
      plus: mechanism.endsWith("-PLUS"),
      plusOffered: [...offered].some((name) => name.endsWith("-PLUS")),
      channelBinding: (type) => stream.channelBinding(type),
      prepareUsername,
      jidOf,
      keys: (username, hash) => {
        if (!provider?.scramKeys) throw new TypeError(`${mechanism}: the provider has no keys`);
        return provider.scramKeys(username, hash);
      },
    });
  }

  #step(stream: ClientStream, server: SaslServer, stanza: Element): true {
    const text = stanza.text();
    // "=" stands for an empty message (RFC 6120 §6.4.2).
    const encoded = text === "=" ? "" : text;
    if (!BASE64.test(encoded) || childElements(stanza).length > 0) {
      return this.#answer(stream, failure("incorrect-encoding"));
    }
    const work = async (): Promise<void> => {
      let step: SaslStep;
      try {
        step = await server.step(Buffer.from(encoded, "base64"));
      } catch (error) {
        this.module.log("error", "logging in failed: %s", error instanceof Error ? error.stack : error);
        step = failure("temporary-auth-failure");
      }
      const peer = stream.ip ?? "";
      if (step.kind === "success") this.#throttle.succeeded(peer);
      else if (step.kind === "failure" && step.condition === "not-authorized") {
        await this.#pause(this.#throttle.failed(peer));
      }
      this.#answer(stream, step);
    };
    stream.hold(work());
    return true;
  }

  #pause(seconds: number): Promise<void> {
    if (seconds === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.module.addTimer(seconds, () => {
        resolve();
        return undefined;
      });
    });
  }

  #answer(stream: ClientStream, step: SaslStep): true {
    if (step.kind === "challenge") {
      stream.send(xml("challenge", NS_SASL, encode(step.data)));
      return true;
    }
    const negotiation = this.#negotiations.get(stream);
    if (negotiation) negotiation.server = undefined;
    if (step.kind === "success") {
      stream.log("info", "logged in as %s@%s", step.username, this.module.host);
      stream.send(xml("success", NS_SASL, ...(step.data === undefined ? [] : [encode(step.data)])));
      stream.authenticate(step.username);
      return true;
    }
    this.#refuse(stream, step, negotiation);
    return true;
  }

  #refuse(stream: ClientStream, step: SaslStep & { kind: "failure" }, negotiation: Negotiation | undefined): void {
    stream.log("info", "login refused: %s %s", step.condition, step.error ?? "");
    const element = xml("failure", NS_SASL, xml(step.condition, {}));
    // The values of RFC 5802 §7 that tell nothing about the account.
    if (step.error !== undefined && step.error !== "invalid-proof") element.append(xml("text", {}, step.error));
    stream.send(element);
    if (!negotiation || step.condition === "aborted") return;
    negotiation.failures++;
    if (negotiation.failures >= this.#maxFailures)
      stream.close("policy-violation", "Too many failed attempts to log in");
  }
}

function encode(data: string): string {
  return data === "" ? "" : Buffer.from(data, "utf8").toString("base64");
}
