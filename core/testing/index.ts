/**
 * The test kit, `chorus-muc/testing`: a service inside the test process, clients without and with a connection, a fake
 * clock, and scenario scripts.
 *
 * @module chorus-muc/testing
 */
export * from "./client.js";
export * from "./fake-client.js";
export * from "./fake-clock.js";
export * from "./format-xml.js";
export * from "./inbox.js";
export { ANY, matches, mismatch, type Mismatch } from "./matcher.js";
export {
  ScriptError,
  parseExpectation,
  parseScript,
  readScript,
  type Script,
  type ScriptAction,
  type ScriptClient,
  type ScriptExpectation,
  type ScriptStep,
} from "./scansion.js";
export * from "./scenario-runner.js";
export * from "./service.js";
export * from "./storage-faults.js";
