/** A question of the bench to one of its processes. */
export interface Question {
  readonly number: number;
  readonly about: string;
  readonly value?: unknown;
}

export interface Reply {
  readonly number: number;
  readonly value: unknown;
}

type Answerers = Readonly<Record<string, (value: unknown) => unknown>>;

/** Answers the bench's questions over the channel that a forked process has; others may answer further ones. */
export function answerParent(answerers: Answerers): void {
  process.on("message", ({ number, about, value }: Question) => {
    const answer = answerers[about];
    if (answer) process.send?.({ number, value: answer(value) ?? null } satisfies Reply);
  });
  // Whatever ends the bench, its processes end with it.
  process.on("disconnect", () => process.exit(1));
  // The channel alone must not keep a process alive that was told to end.
  process.channel?.unref();
}
