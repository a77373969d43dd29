import { expect, it } from "vitest";
import { GroupCommit, type PendingWrite } from "./group-commit.ts";
import { EMPTY_STATE } from "./lmdb-state.ts";

const write = (revision: number): PendingWrite => ({ puts: [], deletes: [], revision });

it("keeps what is durable when the line of those who wait is full by then", async () => {
  let goOn = (): void => {};
  const disk = new Promise<void>((resolve) => (goOn = resolve));
  const committed: number[] = [];
  let failed = 0;
  const commits = new GroupCommit({
    commit: async () => {
      await disk;
      return true;
    },
    state: EMPTY_STATE,
    sequence: 0,
    events: { onCommitted: ({ revision }) => committed.push(revision), onFailed: (_state, writes) => (failed += writes.length) },
  });
  const first = commits.write(write(2));
  // The first commit is under way: what comes now waits behind it.
  for (let turn = 0; turn < 3; turn++) await Promise.resolve();
  const others: Promise<void>[] = [];
  for (let revision = 3; revision < 50_003; revision++) others.push(commits.write(write(revision)));
  expect(() => commits.assertReady()).toThrow("50000 writes wait for the disk already");
  goOn();
  await Promise.all([first, ...others]);
  expect({ committed, failed }).toEqual({ committed: [2, 50_002], failed: 0 });
});
