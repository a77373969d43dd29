import { spawn } from "node:child_process";
import type { Terminal } from "./terminal.ts";

/** Whether somebody is there to see a browser: at a terminal, with a screen of this machine. */
export function canShowBrowser(terminal: Terminal): boolean {
  if (!terminal.interactive || process.env.SSH_CONNECTION !== undefined) return false;
  return process.platform !== "linux" || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
}

/**
 * Opens an address in the user's browser, which goes on by itself. `failed` is told when there is none. Other users may see the
 * address among the machine's processes: it must be worth nothing once the browser has used it.
 */
export function openBrowser(url: string, failed: (problem: string) => void): void {
  const program = process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open";
  const child = spawn(program, [url], { stdio: "ignore", detached: true });
  child.on("error", (error) => failed(error.message));
  child.unref();
}
