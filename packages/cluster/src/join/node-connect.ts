import { connect } from "node:net";
import { messageOf, type Clock } from "@skiff/base";
import { UserError } from "../user-error.ts";

const CONNECT_TIMEOUT_MS = 10_000;

/** What to do when an API server cannot be reached. */
export const UNREACHABLE_NEXT_STEP =
  "Check the address, that the cluster runs (there: skiff status), and that no firewall stands between the machines.";

/**
 * Sees whether anything listens there, and answers the address (IPv4) from which this machine reaches it.
 *
 * Errors: a {@link UserError}, at the latest after 10 s.
 */
export function connectOnce({ host: to, port }: { readonly host: string; readonly port: number }, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: to, port, family: 4 });
    const fail = (why: string): void => {
      socket.destroy();
      timer.cancel();
      reject(new UserError(`The API server at ${to}:${port} cannot be reached: ${why}.`, UNREACHABLE_NEXT_STEP));
    };
    const timer = clock.setTimeout(() => fail(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`), CONNECT_TIMEOUT_MS);
    socket.once("error", (error) => fail(messageOf(error)));
    socket.once("connect", () => {
      timer.cancel();
      const { localAddress = "127.0.0.1" } = socket;
      socket.destroy();
      resolve(localAddress);
    });
  });
}
