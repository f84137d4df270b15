import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import {
  ClockToken,
  ConfigToken,
  inject,
  injectable,
  isClientStream,
  ModuleApiToken,
  NS_TLS,
  xml,
  type Clock,
  type Config,
  type ModuleApi,
} from "chorus-muc";
import {
  findCertificate,
  readCertificate,
  selfSignedCertificate,
  type CertificateFiles,
  type CertificatePair,
} from "./certificate.js";

/**
 * Encryption of client streams by STARTTLS (RFC 6120 §5), with the certificate that `ssl` names, or the host's one in
 * the folder `certificates`, or else one that the host signs itself. TLS 1.2 is the least.
 */
@injectable()
export default class StartTls {
  #files: CertificateFiles | undefined;
  #context: SecureContext | undefined;
  #required = true;

  constructor(
    @inject(ModuleApiToken) private readonly module: ModuleApi,
    @inject(ConfigToken) private readonly config: Config,
    @inject(ClockToken) private readonly clock: Clock,
  ) {}

  load(): void {
    if (this.module.getHostType() !== "local") return; // no streams of its own
    this.#required = this.module.getOptionBoolean("c2s_require_encryption", true);
    this.#files = this.#configuredFiles();
    this.module.hook(
      "stream-features",
      ({ origin, features }) => {
        if (!isClientStream(origin) || origin.secure || origin.username !== undefined || !this.#context) return;
        features.append(xml("starttls", NS_TLS, ...(this.#required ? [xml("required", {})] : [])));
      },
      100,
    ); // the first feature: nothing else counts before it
    this.module.hook(`stanza/${NS_TLS}:starttls`, ({ origin }) => {
      if (!isClientStream(origin) || origin.username !== undefined) return undefined;
      if (origin.secure || !this.#context) {
        origin.send(xml("failure", NS_TLS));
        origin.close();
        return true;
      }
      origin.send(xml("proceed", NS_TLS));
      origin.startTls(this.#context);
      return true;
    });
    this.module.hookGlobal("config-reloaded", () => {
      this.#files = this.#configuredFiles();
      void this.#prepare(); // it tells of its failures itself
    });
  }

  async ready(): Promise<void> {
    if (this.module.getHostType() === "local") await this.#prepare();
  }

  /** Reads the certificate, or makes one; an old one stays in use when the new one is of no use. */
  async #prepare(): Promise<void> {
    try {
      const { cert, key } = await this.#pair();
      const context = createSecureContext({ cert, key, minVersion: "TLSv1.2" });
      if (this.#context) this.module.removeItem("tls-context", this.#context);
      this.#context = context;
      this.module.addItem("tls-context", context);
    } catch (error) {
      const where = this.#files ? ` from ${this.#files.certificate} and ${this.#files.key}` : "";
      this.module.log("error", "no certificate%s: %s", where, error instanceof Error ? error.message : error);
    }
  }

  async #pair(): Promise<CertificatePair> {
    if (this.#files) return readCertificate(this.#files);
    const folder = this.module.getOptionPath("self_signed_certificates", "certs", "data") ?? "certs";
    const made = await selfSignedCertificate(folder, this.module.host, new Date(this.clock.now()));
    if (made.isNew) {
      this.module.log(
        "info",
        "made a self-signed certificate for %s in %s: clients will ask",
        this.module.host,
        folder,
      );
    }
    return made;
  }

  #configuredFiles(): CertificateFiles | undefined {
    const ssl = this.module.getOption("ssl") as { certificate?: unknown; key?: unknown } | undefined;
    if (typeof ssl?.certificate === "string" && typeof ssl.key === "string") {
      const folder = dirname(this.config.file);
      const files = { certificate: resolve(folder, ssl.certificate), key: resolve(folder, ssl.key) };
      for (const file of Object.values(files)) if (!existsSync(file)) this.#report("ssl", file);
      return files;
    }
    const certificates = this.module.getOptionPath("certificates", "certs") ?? "certs";
    return findCertificate(certificates, this.module.host);
  }

  #report(option: string, file: string): void {
    this.config.report({
      severity: "error",
      position: this.config.positionOf(this.module.host, option),
      message: `${option}: expected a file that can be read, got "${file}"`,
    });
  }
}
