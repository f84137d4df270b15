import { open } from "node:fs/promises";

/** Makes a change of names in a folder last (fsync). */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
