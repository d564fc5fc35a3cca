// Files of a run: what servers read from disk.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Writes a file that is there as long as this process is. Returns its path. */
export function fileOf(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
