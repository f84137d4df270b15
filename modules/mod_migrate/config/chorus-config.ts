/** A configuration of Chorus, made of one of Prosody's. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Config, ConfigValue, HostSection, Position } from "chorus-muc";
import { ConfigText, luaText } from "./config-text.js";
import { prosodySettings } from "./explain.js";
import { MODULES } from "./modules.js";
import { PERIODS, READ_OPTIONS } from "./read-options.js";

/** Attached: Prosody keeps accounts, encryption and federation. Standalone: Chorus has the accounts, and no federation. */
export type Mode = "attached" | "standalone";

/** Where Prosody has to be told that a component is Chorus's now. */
export interface ProsodySide {
  readonly component: string;
  /** Of the section in Prosody's configuration. */
  readonly position: Position;
  /** The line that stands there. */
  readonly before: string;
  /** The two that take its place; the second one has the secret. */
  readonly after: readonly [string, string];
  /** Where the section names modules, which must go with the rooms. */
  readonly modules: Position | undefined;
}

/** What was made. */
export interface ChorusConfig {
  readonly text: ConfigText;
  /** Attached only. */
  readonly prosodySide: readonly ProsodySide[];
}

/** How it is to be made. */
export interface ChorusConfigOptions {
  readonly mode: Mode;
  /** Hosts of Prosody's that it is made for. */
  readonly hosts: readonly string[];
  /** Folder for Chorus's own data, as it is to be written. */
  readonly dataPath: string;
  /** Makes a secret between servers; default: 24 random bytes. */
  readonly secret?: () => string;
}

const COMPONENT_PORT = 5347; // Prosody's default
/** Modules of all hosts that components have, too (Prosody's core/modulemanager). */
const INHERITED: readonly string[] = ["server_contact_info"];
/** In Prosody it is about the archives of accounts, and not the default of muc_log_expires_after. */
const LEFT_OUT = new Set(["archive_expires_after"]);
/** Files named in the configuration, from whose folder they start. */
const PATHS = new Set(["certificates"]);

/** Makes it. Nothing is read but Prosody's configuration. */
export function chorusConfig(prosody: Config, options: ChorusConfigOptions): ChorusConfig {
  return new Maker(prosody, options).make();
}

class Maker {
  readonly #text = new ConfigText();
  readonly #prosody: Config;
  readonly #options: ChorusConfigOptions;
  readonly #isAttached: boolean;

  constructor(prosody: Config, options: ChorusConfigOptions) {
    this.#prosody = prosody;
    this.#options = options;
    this.#isAttached = options.mode === "attached";
  }

  make(): ChorusConfig {
    const sections = this.#prosody.hosts.filter(({ name }) => this.#options.hosts.includes(name));
    this.#head();
    this.#global();
    for (const section of sections) if (section.type === "VirtualHost" && !this.#isAttached) this.#host(section);
    const prosodySide: ProsodySide[] = [];
    for (const section of sections) {
      if (section.componentModule === "muc") prosodySide.push(...this.#rooms(section));
    }
    this.#others();
    return { text: this.#text, prosodySide };
  }

  #head(): void {
    const text = this.#text;
    text.comment(`Configuration of Chorus, made of ${this.#prosody.file}`);
    text.comment(
      this.#isAttached
        ? "Rooms for the users of Prosody, which keeps the accounts, the encryption and the other servers."
        : "Rooms and accounts. Chorus has no connections to other servers.",
    );
    text.comment('What Prosody\'s file has and this one has not is told by "chorusctl check config" of that file.');
    text.line();
    text.setting(`data_path = ${luaText(this.#options.dataPath)}`, "a folder of its own, not Prosody's");
  }

  #global(): void {
    const text = this.#text;
    const enabled = modulesIn(this.#prosody.getOwn("*", "modules_enabled"));
    const wanted = this.#isAttached ? enabled.filter((name) => INHERITED.includes(name)) : enabled;
    this.#settings("*");
    if (!this.#isAttached) this.#certificates();
    if (wanted.length > 0) {
      text.line();
      this.#modules(wanted, false);
    }
  }

  /** Prosody looks for them beside its own configuration, said or not. */
  #certificates(): void {
    if (this.#prosody.getOwn("*", "certificates") !== undefined) return;
    const folder = resolve(dirname(this.#prosody.file), "certs");
    if (existsSync(folder)) this.#text.setting(`certificates = ${luaText(folder)}`, MAY_READ);
  }

  #host({ name }: HostSection): void {
    this.#section(`VirtualHost ${luaText(name)}`);
    this.#settings(name);
    this.#ownModules(name, false);
    this.#text.indent = "";
  }

  #rooms({ name, position }: HostSection): ProsodySide[] {
    const text = this.#text;
    this.#section(`Component ${luaText(name)} "muc"`);
    const secret = this.#isAttached ? (this.#options.secret ?? newSecret)() : "";
    if (this.#isAttached) {
      text.setting(`component_upstream = ${luaText(this.#upstream())}`, "Prosody, which takes components in there");
      text.setting(`component_secret = ${luaText(secret)}`, "the same one as on Prosody's side, and nobody else's");
    }
    this.#settings(name);
    if (this.#prosody.get(name, "component_admins_as_room_owners") === undefined) {
      text.comment(
        "component_admins_as_room_owners = true -- what Prosody 0.12 does when it is not set; here it is false",
      );
    }
    this.#ownModules(name, true);
    text.indent = "";
    if (!this.#isAttached) return [];
    return [
      {
        component: name,
        position,
        before: `Component ${luaText(name)} "muc"`,
        after: [`Component ${luaText(name)}`, `\tcomponent_secret = ${luaText(secret)}`],
        modules:
          this.#prosody.getOwn(name, "modules_enabled") === undefined
            ? undefined
            : this.#prosody.positionOf(name, "modules_enabled"),
      },
    ];
  }

  #section(head: string): void {
    this.#text.line();
    this.#text.line(head);
    this.#text.indent = "\t";
  }

  /** Where Prosody takes components in. */
  #upstream(): string {
    const first = (option: string): ConfigValue | undefined => [this.#prosody.getOwn("*", option)].flat()[0];
    const port = first("component_ports") ?? COMPONENT_PORT;
    const address = first("component_interfaces") ?? first("component_interface");
    if (typeof address !== "string" || address === "*" || address === "0.0.0.0")
      return `xmpp://127.0.0.1:${String(port)}`;
    if (address === "::") return `xmpp://[::1]:${String(port)}`;
    return `xmpp://${address.includes(":") ? `[${address}]` : address}:${String(port)}`;
  }

  /** Options of a section that Chorus has, each with what is different; what it has not is named. */
  #settings(section: string): void {
    for (const name of this.#prosody.keys(section)) {
      if (name === "modules_enabled" || name === "modules_disabled") continue;
      const set = this.#prosody.getOwn(section, name);
      if (set === undefined) continue;
      const { value, why } = takenOver(name, set, dirname(this.#prosody.file));
      const position = this.#prosody.positionOf(section, name);
      const known = prosodySettings.explain({ kind: "option", section, name, value, position });
      const concern = READ_OPTIONS.get(name)?.concern;
      const isWanted = concern === "rooms" || (concern === "accounts" && !this.#isAttached);
      if (isWanted && known?.verdict !== "not supported" && !LEFT_OUT.has(name)) {
        this.#text.setting(`${name} = ${luaText(value)}`, why ?? known?.text);
      } else if (section !== "*") this.#text.comment(`${name}: ${known?.text ?? "not known here"}`);
    }
  }

  #ownModules(section: string, hasRooms: boolean): void {
    const enabled = modulesIn(this.#prosody.getOwn(section, "modules_enabled"));
    if (enabled.length > 0) this.#modules(enabled, hasRooms);
    const disabled = modulesIn(this.#prosody.getOwn(section, "modules_disabled")).filter(isHere);
    if (disabled.length > 0) this.#text.setting(`modules_disabled = ${luaText(disabled)}`);
  }

  /** One a line, as each may turn out to be of no use. @param hasRooms whether it is for a component with rooms */
  #modules(names: readonly string[], hasRooms: boolean): void {
    const text = this.#text;
    const outer = text.indent;
    text.line("modules_enabled = {");
    text.indent = `${outer}\t`;
    for (const name of names) {
      const known = MODULES.get(name);
      if (!isHere(name)) text.comment(`${name}: ${known?.text ?? "it does not come with Chorus"}`);
      else if (/^muc(_|$)/.test(name) && !hasRooms) text.comment(`${name}: belongs to a component with rooms`);
      else text.setting(`${luaText(name)};`, known?.text);
    }
    text.indent = outer;
    text.line("}");
  }

  /** Components without which it has to go on; attached, they stay with Prosody. */
  #others(): void {
    const left = this.#prosody.hosts.filter(
      ({ type, componentModule }) => type === "Component" && componentModule !== "muc",
    );
    if (left.length === 0 || this.#isAttached) return;
    this.#text.line();
    this.#text.comment("Components of Prosody's that are not here:");
    for (const { name, componentModule = "" } of left) this.#text.comment(`${name}, "${componentModule}"`);
  }
}

const MAY_READ = "the user that Chorus runs as must be able to read the keys";

function newSecret(): string {
  return randomBytes(24).toString("base64url");
}

function modulesIn(value: ConfigValue | undefined): string[] {
  return [value].flat().filter((name) => typeof name === "string");
}

/** Whether a module comes with Chorus. */
function isHere(name: string): boolean {
  return (MODULES.get(name)?.verdict ?? "not supported") !== "not supported";
}

/** A value in words that Chorus takes, and why it is another one. @param folder of Prosody's configuration */
function takenOver(name: string, value: ConfigValue, folder: string): { value: ConfigValue; why?: string } {
  if (name === "restrict_room_creation" && value === "admin") return { value: true, why: 'Prosody: "admin"' };
  if (name === "authentication" && value === "internal_plain") {
    return { value: "internal_hashed", why: 'Prosody: "internal_plain"; passwords are hashed when they are used' };
  }
  if (PATHS.has(name) && typeof value === "string") return { value: resolve(folder, value), why: MAY_READ };
  if (name === "ssl" && typeof value === "object" && !Array.isArray(value)) {
    const files = Object.entries(value).filter(([key]) => key === "certificate" || key === "key");
    const paths = files.map(([key, path]) => [key, typeof path === "string" ? resolve(folder, path) : path]);
    return { value: Object.fromEntries(paths) as ConfigValue, why: MAY_READ };
  }
  return PERIODS.has(name) && typeof value === "string" ? period(value) : { value };
}

/** Prosody reads "6m" as months and "90" as seconds; Chorus asks for a unit that is clear. */
function period(value: string): { value: ConfigValue; why?: string } {
  const [, amount, unit = ""] = /^\s*(\d+)\s*(m|mo|mi)?\s*$/i.exec(value) ?? [];
  if (amount === undefined) return { value };
  const why = `Prosody: "${value}"`;
  if (unit === "") return { value: Number(amount), why };
  return { value: `${amount} ${unit.toLowerCase() === "mi" ? "minutes" : "months"}`, why };
}
