import type { ScaledClock } from "./scaled-clock.ts";

/** A task as a client sees it. Times are ISO texts. */
export interface SeenTask {
  readonly id: string;
  readonly status: string;
  readonly isTerminal: boolean;
  readonly rawStatus: { readonly value: string };
  readonly observation: {
    readonly observedAt: string;
    readonly stale: boolean;
    readonly problem: { readonly code: string } | null;
  };
}

export interface SeenLookup {
  readonly requestedId: string;
  readonly task: SeenTask | null;
  readonly problem: { readonly code: string } | null;
}

/** One poll of one client. Times are epoch milliseconds of the scaled clock. */
export interface Poll {
  readonly client: number;
  readonly ids: readonly string[];
  readonly askedAt: number;
  readonly answeredAt: number;
  /** Null when the request failed as a whole; `failure` says how. */
  readonly lookups: readonly SeenLookup[] | null;
  readonly failure: string | null;
}

export interface PollingClients {
  /** All polls that are over, in the order of their answers. */
  readonly polls: readonly Poll[];
  /** Lets every client end the poll that it is at. */
  stop(): Promise<void>;
}

export interface PollingClientsOptions {
  readonly endpoint: string;
  readonly clock: ScaledClock;
  /** What each client watches. */
  readonly watched: readonly (readonly string[])[];
  /** They come one after another within this time. */
  readonly arriveWithinMs: number;
  /** 0 (included) to 1 (excluded). */
  random(): number;
}

const query = `query ($ids: [ID!]!) { batchTasks(ids: $ids) {
  lookups {
    requestedId
    task { id status isTerminal rawStatus { value } observation { observedAt stale problem { code } } }
    problem { code }
  }
  summary { pollAfter }
} }`;

/** However soon they are told to come again. */
const shortestPauseMs = 1_000;

/** Who is told that nothing more can be expected looks again after that, as another person would. */
const nextViewerMs = 30_000;

/** Each asks for all of its tasks, waits until it is told to ask again, and so on until they are stopped. */
export function startPollingClients(options: PollingClientsOptions): PollingClients {
  const { endpoint, clock, watched, arriveWithinMs, random } = options;
  const end = new AbortController();
  const polls: Poll[] = [];

  async function poll(client: number, ids: readonly string[]): Promise<number> {
    const askedAt = clock.now();
    const answer = await ask(endpoint, ids).catch((error: unknown) => ({ failure: String(error) }));
    const answeredAt = clock.now();
    if ("failure" in answer) {
      polls.push({ client, ids, askedAt, answeredAt, lookups: null, failure: answer.failure });
      return answeredAt + nextViewerMs;
    }
    const { lookups, summary } = answer;
    polls.push({ client, ids, askedAt, answeredAt, lookups, failure: null });
    const again = summary.pollAfter === null ? answeredAt + nextViewerMs : Date.parse(summary.pollAfter);
    return Math.max(again, answeredAt + shortestPauseMs);
  }

  async function run(client: number, ids: readonly string[]): Promise<void> {
    await clock.until(clock.now() + random() * arriveWithinMs, end.signal);
    while (!end.signal.aborted) await clock.until(await poll(client, ids), end.signal);
  }

  const running = watched.map((ids, client) => run(client, ids));
  return {
    polls,
    async stop() {
      end.abort();
      await Promise.all(running);
    },
  };
}

interface TaskSet {
  readonly lookups: readonly SeenLookup[];
  readonly summary: { readonly pollAfter: string | null };
}

async function ask(endpoint: string, ids: readonly string[]): Promise<TaskSet | { readonly failure: string }> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables: { ids } }),
    // A waiter that nobody answers is lost.
    signal: AbortSignal.timeout(15_000),
  });
  const { data, errors } = (await response.json()) as { data?: { batchTasks: TaskSet }; errors?: unknown };
  return data && !errors ? data.batchTasks : { failure: JSON.stringify(errors ?? response.status) };
}
