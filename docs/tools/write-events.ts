/** `npm run docs:events`: writes docs/events.md. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../core/package.js";
import { eventsPage } from "./events-page.js";

await writeFile(join(packageRoot(), "docs/events.md"), await eventsPage(packageRoot()));
