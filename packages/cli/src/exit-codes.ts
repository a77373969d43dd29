/** How the command ends: the contract that scripts rely on. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;
