import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type RawAnswer } from "./client.ts";
import { type NextIds, requestBody } from "./workload.ts";

export interface LoadOptions {
  readonly url: string;
  readonly clients: number;
  readonly nextIds: NextIds;
  /** Throws when an answer is not what it must be. */
  checkAnswer(answer: RawAnswer, ids: readonly string[]): void;
  /** Each client rests that long between an answer and its next query. */
  readonly pauseMs?: number;
}

/** Clients that ask, wait for the answer and ask again. */
export interface Load {
  /** Queries answered so far. */
  readonly answered: number;
  /** Milliseconds that each of them took. */
  readonly latencies: readonly number[];
  /** Forgets the latencies so far. */
  forget(): void;
  /** Rejects as soon as an answer is wrong. */
  readonly failed: Promise<never>;
  /** Lets queries under way finish. */
  stop(): Promise<void>;
}

export function startLoad({ url, clients, nextIds, checkAnswer, pauseMs = 0 }: LoadOptions): Load {
  let stopped = false;
  let answered = 0;
  let latencies: number[] = [];

  async function runClient(): Promise<void> {
    const client = createClient(url);
    while (!stopped) {
      const ids = nextIds();
      const body = requestBody(ids);
      const startedAt = performance.now();
      const answer = await client.post(body);
      latencies.push(performance.now() - startedAt);
      checkAnswer(answer, ids);
      answered += 1;
      if (pauseMs > 0) await sleep(pauseMs);
    }
    await client.close();
  }

  const ended = Promise.all(Array.from({ length: clients }, runClient));
  return {
    get answered() {
      return answered;
    },
    get latencies() {
      return latencies;
    },
    forget() {
      latencies = [];
    },
    failed: ended.then(() => new Promise<never>(() => {})),
    async stop() {
      stopped = true;
      await ended;
    },
  };
}
