import type { Config } from "../config/config.js";
import type { Hosts } from "../hosts/hosts.js";
import type { Permissions } from "../hosts/permissions.js";
import type { Logger } from "../log/logger.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Router } from "../router/router.js";
import type { StoreType, StoreTypes } from "../storage/store.js";
import type { Timers } from "../timers/timers.js";
import type { Token } from "../tokens.js";
import type { ModuleObject } from "./module-object.js";
import type { SharedTables } from "./shared-tables.js";

/** What a `module` object works with: the server, seen from a module. */
export interface ModuleContext {
  readonly config: Config;
  readonly hosts: Hosts;
  readonly logger: Logger;
  readonly router: Router;
  readonly timers: Timers;
  readonly shared: SharedTables;
  readonly metrics: Metrics;
  /** Unix milliseconds. */
  now(): number;
  /** Resolves when the whole server has started. */
  readonly started: Promise<void>;
  /** What a helper file of a module exports; see `ModuleApi.require`. */
  loadHelper(modulePath: string, lib: string): Promise<unknown>;
  openStore<T, K extends StoreType>(host: string, name: string, type: K): StoreTypes<T>[K];
  permissions(host: string): Permissions;
  depends(module: ModuleObject, name: string, soft: boolean): unknown;
  /** @returns how to take it back */
  provide<T>(module: ModuleObject, token: Token<T>, value: T): () => void;
  /** The `module` objects of a host's modules. */
  objectsOf(host: string): Iterable<ModuleObject>;
}
