import { openStorage } from "../../../core/storage/open.js";
import { conformance } from "./conformance.js";

conformance("memory", async () => ({
  storage: await openStorage({ driver: "memory" }),
  remove: () => Promise.resolve(),
}));
