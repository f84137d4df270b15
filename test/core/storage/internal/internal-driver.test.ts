import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "../../../../core/storage/open.js";
import { conformance } from "../conformance.js";

conformance("internal", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chorus-storage-"));
  return {
    storage: await openStorage({ driver: "internal", path: join(folder, "data") }),
    remove: () => rm(folder, { recursive: true }),
  };
});
