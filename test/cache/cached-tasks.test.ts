import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAnswerMemory } from "../../src/cache/answer-memory.ts";
import { type CachedTasks, type CachedTasksOptions, createCachedTasks } from "../../src/cache/cached-tasks.ts";
import type { LoadedTask } from "../../src/cache/reading.ts";
import type { SharedAnswers } from "../../src/cache/shared-answers.ts";
import { type FoundOutcome, nothingMissing, type Outcome } from "../../src/tasks/outcome.ts";
import { createProblem, isRefusal, type Problem } from "../../src/tasks/problem.ts";
import type { TaskState } from "../../src/tasks/task.ts";
import type { TaskKey } from "../../src/tasks/task-key.ts";
import { keyOf, someTime } from "../batching/task-keys.ts";
import { taskNamed } from "../batching/upstream-of-truths.ts";
import { propertyRuns } from "../support/property-runs.ts";

const pollRange = { pollFloorSeconds: 10, pollCapSeconds: 60 };
const down = createProblem("UPSTREAM_UNAVAILABLE", "It does not answer.");

interface TestCache extends CachedTasks {
  /** The ids of each question that went upstream, with their facets. */
  readonly asked: string[][];
  readonly told: string[];
  clock: number;
  isClosed: boolean;
}

type Ask = (keys: readonly TaskKey[]) => Promise<Outcome[]>;

function createTestCache(answerOf: Ask, rest: Partial<CachedTasksOptions> = {}): TestCache {
  const asked: string[][] = [];
  const told: string[] = [];
  const cache: Omit<TestCache, keyof CachedTasks> = { asked, told, clock: 1_000_000, isClosed: false };
  const tasks = createCachedTasks({
    accounts: new Map(
      ["one", "two"].map((name) => [name, { provider: "test", pollRange, isClosed: () => cache.isClosed }]),
    ),
    memory: createAnswerMemory({ maxEntries: 1_000, maxBytes: 1_000_000 }),
    shared: null,
    askUpstreams(keys) {
      asked.push(keys.map(({ reference, facets }) => [reference.localId, ...facets].join("+")));
      return answerOf(keys);
    },
    metrics: { lookups: (...parts) => void told.push(parts.join(" ")) },
    now: () => cache.clock,
    random: () => 0.5,
    ...rest,
  });
  return Object.assign(cache, tasks);
}

let lastSequence = 0;

function found(key: TaskKey, observedAt: number, state: Partial<TaskState> = {}): FoundOutcome {
  lastSequence += 1;
  return {
    kind: "found",
    state: taskNamed(key.reference.id, state),
    observedAt,
    sequence: lastSequence,
    facets: key.facets,
    source: "UPSTREAM",
    missing: nothingMissing,
  };
}

/** As batching tells it: what a refusal is an answer to counts. */
function failed(problem: Problem, observedAt = 1_000_000): Outcome {
  lastSequence += 1;
  return { kind: "problem", problem, ...(isRefusal(problem) && { told: { observedAt, sequence: lastSequence } }) };
}

const failing = (problem: Problem): Ask => {
  return async (keys) => keys.map(() => failed(problem));
};

const shown = (tasks: readonly LoadedTask[]): string[] =>
  tasks.map((task) => (task.kind === "reading" ? `${task.source} ${task.problem?.code ?? "good"}` : task.problem.code));

const one = [keyOf("one", "1")];

describe("fetchTasks", () => {
  it("asks for what is not known only, and answers in key order", async () => {
    const cache = createTestCache(async (keys) => keys.map((key) => found(key, cache.clock)));
    await cache.fetchTasks([keyOf("one", "2")], someTime);

    const tasks = await cache.fetchTasks(
      ["1", "2", "3"].map((id) => keyOf("one", id)),
      someTime,
    );

    expect(cache.asked).toEqual([["2"], ["1", "3"]]);
    expect(shown(tasks)).toEqual(["UPSTREAM good", "CACHE good", "UPSTREAM good"]);
    expect(tasks.map((task) => task.kind === "reading" && task.state.name)).toEqual(["one:1", "one:2", "one:3"]);
    expect(cache.told).toEqual(["test UPSTREAM 1", "test UPSTREAM 1", "test CACHE 1", "test UPSTREAM 1"]);
  });

  it("asks nobody for an answer that is good, and again when its time is over", async () => {
    const cache = createTestCache(async (keys) => keys.map((key) => found(key, cache.clock)));
    const sources: string[][] = [];
    for (const elapsedMs of [0, 4_999, 1]) {
      cache.clock += elapsedMs;
      sources.push(shown(await cache.fetchTasks(one, someTime)));
    }

    expect(sources).toEqual([["UPSTREAM good"], ["CACHE good"], ["UPSTREAM good"]]);
  });

  it("gives all who ask in one interval about the same time to come back", async () => {
    const cache = createTestCache(async (keys) => keys.map((key) => found(key, cache.clock, { createdAt: 0 })));
    const hints: unknown[] = [];
    for (const elapsedMs of [0, 1_000, 5_000]) {
      cache.clock += elapsedMs;
      const [task] = await cache.fetchTasks(one, someTime);
      hints.push(task?.kind === "reading" && task.pollAfterAt);
    }

    expect(hints).toEqual([1_060_000, 1_060_000, 1_070_000]);
    expect(cache.asked).toHaveLength(2);
  });

  it("remembers no problem: the next one asks again", async () => {
    const cache = createTestCache(failing(down));

    expect(shown(await cache.fetchTasks(one, someTime))).toEqual(["UPSTREAM_UNAVAILABLE"]);
    await cache.fetchTasks(one, someTime);
    expect(cache.asked).toHaveLength(2);
  });

  it.each([
    ["NOT_FOUND", "NOT_FOUND"],
    ["FORBIDDEN", "FORBIDDEN"],
    ["AUTH_FAILED", "STALE_CACHE AUTH_FAILED"],
    ["NOT_RETURNED", "STALE_CACHE NOT_RETURNED"],
    ["RATE_LIMITED", "STALE_CACHE RATE_LIMITED"],
    ["TIMEOUT", "STALE_CACHE TIMEOUT"],
    ["CIRCUIT_OPEN", "STALE_CACHE CIRCUIT_OPEN"],
    ["UPSTREAM_MALFORMED", "STALE_CACHE UPSTREAM_MALFORMED"],
    ["UPSTREAM_ERROR", "STALE_CACHE UPSTREAM_ERROR"],
    ["OVERLOADED", "STALE_CACHE OVERLOADED"],
  ] as const)("shows beside %s what was known: %s", async (code, expected) => {
    let ask: Ask = async (keys) => keys.map((key) => found(key, cache.clock));
    const cache = createTestCache((keys) => ask(keys));
    await cache.fetchTasks(one, someTime);
    cache.clock += 10_000;
    ask = failing(createProblem(code, "As it is."));

    expect(shown(await cache.fetchTasks(one, someTime))).toEqual([expected]);
  });

  it("does not show a task that was gone when it was last asked for", async () => {
    const outcomes: ((key: TaskKey) => Outcome)[] = [
      (key) => found(key, cache.clock),
      () => failed(createProblem("NOT_FOUND", "Gone."), cache.clock),
      () => failed(down),
    ];
    const cache = createTestCache(async (keys) => {
      const outcomeOf = outcomes.shift();
      return outcomeOf ? keys.map(outcomeOf) : [];
    });
    const seen: string[][] = [];
    for (let index = 0; index < 3; index += 1) {
      seen.push(shown(await cache.fetchTasks(one, someTime)));
      cache.clock += 6_000;
    }

    expect(seen).toEqual([["UPSTREAM good"], ["NOT_FOUND"], ["UPSTREAM_UNAVAILABLE"]]);
  });

  it("shows nothing of a task after it was refused, also when its upstream fails later", async () => {
    const problems = [createProblem("FORBIDDEN", "Not yours."), down];
    const cache = createTestCache(async (keys) => {
      if (cache.asked.length === 1) return keys.map((key) => found(key, cache.clock));
      const problem = problems.shift() ?? down;
      return keys.map(() => failed(problem, cache.clock));
    });
    const seen: string[][] = [];
    for (let index = 0; index < 3; index += 1) {
      seen.push(shown(await cache.fetchTasks(one, someTime)));
      cache.clock += 6_000;
    }

    expect(seen).toEqual([["UPSTREAM good"], ["FORBIDDEN"], ["UPSTREAM_UNAVAILABLE"]]);
  });

  it("neither shows nor learns what comes late, after the task was refused", async () => {
    const late = Promise.withResolvers<void>();
    const forbidden = createProblem("FORBIDDEN", "Not yours.");
    const cache = createTestCache(async (keys) => {
      const [key = keyOf("one", "1")] = keys;
      if (key.facets.size === 0) return [failed(forbidden, cache.clock)];
      const outcome = found(key, cache.clock);
      await late.promise;
      return [outcome];
    });

    const asking = cache.fetchTasks([keyOf("one", "1", ["detail"])], someTime);
    await cache.fetchTasks(one, someTime);
    late.resolve();

    expect(shown(await asking)).toEqual(["FORBIDDEN"]);
    expect(shown(await cache.fetchTasks(one, someTime))).toEqual(["FORBIDDEN"]);
    expect(cache.asked).toHaveLength(3);
  });

  it("shows what was asked for to who wanted less than was refused in the meantime", async () => {
    const late = Promise.withResolvers<void>();
    const forbidden = createProblem("FORBIDDEN", "Not yours.");
    const cache = createTestCache(async (keys) => {
      const [key = keyOf("one", "1")] = keys;
      if (key.facets.size > 0) return [failed(forbidden, cache.clock)];
      const outcome = found(key, cache.clock);
      await late.promise;
      return [outcome];
    });

    const asking = cache.fetchTasks(one, someTime);
    const refused = await cache.fetchTasks([keyOf("one", "1", ["detail"])], someTime);
    late.resolve();

    expect(shown(refused)).toEqual(["FORBIDDEN"]);
    expect(shown(await asking)).toEqual(["UPSTREAM good"]);
    expect(shown(await cache.fetchTasks([keyOf("one", "1", ["detail"])], someTime))).toEqual(["FORBIDDEN"]);
  });

  it("shows the newest state without a part, rather than a part of what the task was", async () => {
    const answers: (() => void)[] = [];
    const cache = createTestCache(async (keys) => {
      const [key = keyOf("one", "1")] = keys;
      const value = key.facets.size > 0 ? "running" : "done";
      const outcome = found(key, cache.clock, { rawStatus: { value, labels: null, inferred: false } });
      if (key.facets.size > 0) await new Promise<void>((resolve) => answers.push(resolve));
      return [outcome];
    });

    const late = cache.fetchTasks([keyOf("one", "1", ["detail"])], someTime);
    await cache.fetchTasks(one, someTime);
    for (const answer of answers) answer();

    expect(await late).toMatchObject([
      {
        kind: "reading",
        state: { rawStatus: { value: "done" } },
        missing: new Map([["detail", { code: "NOT_RETURNED" }]]),
      },
    ]);
  });

  it.each<[string, string, (key: TaskKey) => Partial<FoundOutcome> | Problem]>([
    ["a part that failed", "UPSTREAM_UNAVAILABLE", () => ({ facets: new Set(), missing: new Map([["detail", down]]) })],
    ["that there was no such task", "NOT_RETURNED", () => createProblem("NOT_FOUND", "Gone.")],
  ])("shows nothing from long ago for news, when %s is told late", async (_what, code, lateOf) => {
    const late = Promise.withResolvers<void>();
    const cache = createTestCache(async (keys) => {
      const [key = keyOf("one", "1")] = keys;
      const outcome = found(key, cache.clock);
      if (cache.asked.length !== 2) return [outcome];
      await late.promise;
      const news = lateOf(key);
      if (!("code" in news)) return [{ ...outcome, ...news }];
      return [{ kind: "problem", problem: news, told: { observedAt: cache.clock, sequence: outcome.sequence } }];
    });
    const rich = [keyOf("one", "1", ["detail"])];
    await cache.fetchTasks(rich, someTime);
    cache.clock += 3_600_000;

    const asking = cache.fetchTasks(rich, someTime);
    await cache.fetchTasks(one, someTime);
    late.resolve();

    expect(await asking).toMatchObject([
      { kind: "reading", observedAt: cache.clock, problem: null, missing: new Map([["detail", { code }]]) },
    ]);
  });

  it("tells when to come back: the problem's own time, else that of the task", async () => {
    let problem = down;
    let isDown = false;
    const cache = createTestCache(async (keys) =>
      keys.map((key) => (isDown ? { kind: "problem", problem } : found(key, cache.clock))),
    );
    await cache.fetchTasks(one, someTime);
    cache.clock += 10_000;
    isDown = true;

    const [later] = await cache.fetchTasks(one, someTime);
    problem = createProblem("CIRCUIT_OPEN", "Open.", { retryAfterAt: 1_234_567 });
    const [open] = await cache.fetchTasks(one, someTime);

    expect([later, open]).toMatchObject([{ pollAfterAt: cache.clock + 10_000 }, { pollAfterAt: 1_234_567 }]);
  });

  it("keeps nothing when there is no room", async () => {
    const memory = createAnswerMemory({ maxEntries: 0, maxBytes: 1_000 });
    const cache = createTestCache(async (keys) => keys.map((key) => found(key, cache.clock)), { memory });

    await cache.fetchTasks(one, someTime);
    expect(shown(await cache.fetchTasks(one, someTime))).toEqual(["UPSTREAM good"]);
  });
});

describe("with other replicas", () => {
  it("asks at once for what is its own, and for the rest when the others have brought nothing", async () => {
    const others = Promise.withResolvers<null[]>();
    const shared: SharedAnswers = {
      isAvailable: () => true,
      consult: async (keys) => ({
        told: keys.map(() => null),
        awaited: { indexes: new Set([1]), told: others.promise },
      }),
      publish: () => undefined,
      release: () => undefined,
    };
    const cache = createTestCache(async (keys) => keys.map((key) => found(key, cache.clock)), { shared });

    const asking = cache.fetchTasks(
      ["1", "2", "3"].map((id) => keyOf("one", id)),
      someTime,
    );
    await new Promise(setImmediate);
    expect(cache.asked).toEqual([["1", "3"]]);

    others.resolve([null, null, null]);
    expect(shown(await asking)).toEqual(["UPSTREAM good", "UPSTREAM good", "UPSTREAM good"]);
    expect(cache.asked).toEqual([["1", "3"], ["2"]]);
  });

  it("does not keep one account's questions back until another's are answered", async () => {
    const slow = Promise.withResolvers<null[]>();
    const shared: SharedAnswers = {
      isAvailable: () => true,
      consult: async (keys) => ({
        told: keys.map(() => null),
        awaited: {
          indexes: new Set(keys.keys()),
          told: keys[0]?.reference.account === "two" ? slow.promise : Promise.resolve(keys.map(() => null)),
        },
      }),
      publish: () => undefined,
      release: () => undefined,
    };
    const cache = createTestCache(async (keys) => keys.map((key) => found(key, cache.clock)), { shared });

    const asking = cache.fetchTasks(
      ["one", "two", "one"].map((account, index) => keyOf(account, String(index))),
      someTime,
    );
    await new Promise(setImmediate);
    expect(cache.asked).toEqual([["0", "2"]]);

    slow.resolve([null]);
    expect(shown(await asking)).toHaveLength(3);
    expect(cache.asked).toEqual([["0", "2"], ["1"]]);
  });

  it("waits for nobody while no call of the account can leave", async () => {
    const shared: SharedAnswers = {
      isAvailable: () => true,
      consult: async () => ({ told: [null], awaited: { indexes: new Set([0]), told: new Promise(() => undefined) } }),
      publish: () => undefined,
      release: () => undefined,
    };
    const cache = createTestCache(failing(createProblem("CIRCUIT_OPEN", "Open.")), { shared });
    cache.isClosed = true;

    expect(shown(await cache.fetchTasks(one, someTime))).toEqual(["CIRCUIT_OPEN"]);
  });

  it("keeps nothing from the others that it was left to ask when nobody waited for it any more", async () => {
    const others = Promise.withResolvers<null[]>();
    const released: string[][] = [];
    const shared: SharedAnswers = {
      isAvailable: () => true,
      consult: async () => ({ told: [null], awaited: { indexes: new Set([0]), told: others.promise } }),
      publish: () => undefined,
      release: (keys) => released.push(keys.map(({ reference }) => reference.localId)),
    };
    const cache = createTestCache(failing(createProblem("CIRCUIT_OPEN", "Open.")), { shared });
    cache.isClosed = true;
    await cache.fetchTasks(one, someTime);
    released.length = 0;

    others.resolve([null]);
    await new Promise(setImmediate);
    expect(released).toEqual([["1"]]);
  });

  it("keeps the others waiting when one who asked has left and another is asking still", async () => {
    const answers: (() => void)[] = [];
    const released: string[][] = [];
    const shared: SharedAnswers = {
      isAvailable: () => true,
      consult: async (keys) => ({ told: keys.map(() => null), awaited: null }),
      publish: () => undefined,
      release: (keys) => released.push(keys.map(({ reference }) => reference.localId)),
    };
    const cache = createTestCache(
      (keys) => new Promise((resolve) => answers.push(() => resolve(keys.map(() => failed(down))))),
      { shared },
    );
    const [leaving, staying] = [cache.fetchTasks(one, someTime), cache.fetchTasks(one, someTime)];
    await new Promise(setImmediate);

    answers[0]?.();
    await leaving;
    expect(released.flat()).toEqual([]);
    answers[1]?.();
    await staying;
    expect(released.flat()).toEqual(["1"]);
  });

  it("asks nobody for what the others bring", async () => {
    const told = found(keyOf("one", "1"), 1_000_000, { name: "theirs" });
    const shared: SharedAnswers = {
      isAvailable: () => true,
      consult: async () => ({
        told: [null],
        awaited: { indexes: new Set([0]), told: Promise.resolve([{ firstSeenAt: 0, answers: [told] }]) },
      }),
      publish: () => undefined,
      release: () => undefined,
    };
    const cache = createTestCache(failing(down), { shared });

    expect(await cache.fetchTasks(one, someTime)).toMatchObject([{ source: "CACHE", state: { name: "theirs" } }]);
    expect(cache.asked).toEqual([]);
  });
});

describe("what others are told", () => {
  const rawStatus = (value: string) => ({ value, labels: null, inferred: false });

  function createNotedShared(): SharedAnswers & { readonly published: string[]; readonly released: string[] } {
    const [published, released]: [string[], string[]] = [[], []];
    return {
      published,
      released,
      isAvailable: () => true,
      consult: async (keys) => ({ told: keys.map(() => null), awaited: null }),
      publish: (_reference, answer) => {
        if (answer.kind === "found") published.push([answer.state.rawStatus.value, ...answer.facets].join("+"));
      },
      release: (keys) => released.push(...keys.map(({ facets }) => ["", ...facets].join("+"))),
    };
  }

  it.each([
    ["of what the task was", ["detail"], "running"],
    ["of less than is known", [], "done"],
  ])("is not a late answer %s, and they need not wait for it any more", async (_what, facets, lateStatus) => {
    const shared = createNotedShared();
    const late = Promise.withResolvers<void>();
    const cache = createTestCache(
      async (keys) => {
        const isLate = cache.asked.length === 1;
        const state = { rawStatus: rawStatus(isLate ? lateStatus : "done") };
        const outcomes = keys.map((key) => found(key, cache.clock, state));
        if (isLate) await late.promise;
        return outcomes;
      },
      { shared },
    );

    const asking = cache.fetchTasks([keyOf("one", "1", facets)], someTime);
    await new Promise(setImmediate);
    const others = facets.length > 0 ? [] : ["detail"];
    await cache.fetchTasks([keyOf("one", "1", others)], someTime);
    shared.released.length = 0;
    late.resolve();
    await asking;

    expect(shared.published).toEqual([["done", ...others].join("+")]);
    expect(shared.released).toEqual([["", ...facets].join("+")]);
  });
});

describe("a late answer", () => {
  /** Calls that leave one after the other, and are answered in any order. */
  const aRace = fc.array(fc.record({ leavesAtTurn: fc.nat(8), answeredAfterTurns: fc.nat(12) }), {
    minLength: 2,
    maxLength: 10,
  });

  it("never takes the place of a newer one, nor is it shown after that, whenever answers come", async () => {
    await fc.assert(
      fc.asyncProperty(aRace, async (race) => {
        const calls = race.toSorted((left, right) => left.leavesAtTurn - right.leavesAtTurn);
        let [turn, version] = [0, 0];
        const turns: (() => void)[][] = Array.from({ length: 30 }, () => []);
        const atTurn = (wanted: number) => new Promise<void>((resolve) => turns[wanted]?.push(resolve));
        const cache = createTestCache(async (keys) => {
          const { answeredAfterTurns = 0 } = calls[version] ?? {};
          version += 1;
          const rawStatus = { value: `${version}`, labels: null, inferred: false };
          const outcomes = keys.map((key) => found(key, cache.clock, { rawStatus }));
          await atTurn(turn + 1 + answeredAfterTurns);
          return outcomes;
        });
        const seen: { readonly atTurn: number; readonly version: number }[] = [];
        const look = async (): Promise<void> => {
          const [task] = await cache.fetchTasks(one, someTime);
          if (task?.kind === "reading") seen.push({ atTurn: turn, version: Number(task.state.rawStatus.value) });
        };
        const asking = calls.map(({ leavesAtTurn }) => atTurn(leavesAtTurn).then(look));
        for (; turn < turns.length; turn += 1) {
          for (const happens of turns[turn] ?? []) happens();
          await new Promise(setImmediate);
        }
        await Promise.all(asking);
        await look();

        expect(seen).toHaveLength(calls.length + 1);
        for (const { atTurn: then, version: shownThen } of seen) {
          const before = seen.filter((earlier) => earlier.atTurn < then).map((earlier) => earlier.version);
          expect(shownThen).toBeGreaterThanOrEqual(Math.max(0, ...before));
        }
      }),
      { numRuns: propertyRuns },
    );
  });
});

describe("memory", () => {
  it("is bounded by tasks and by bytes, and forgets first what was not asked for longest", () => {
    const memory = createAnswerMemory({ maxEntries: 3, maxBytes: 10_000 });
    const taskOf = (letters: number) => {
      const outcome = found(keyOf("one", "1"), 0, { name: "x".repeat(letters) });
      return { firstSeenAt: 0, sinceSequence: 0, answers: [outcome] } as const;
    };
    for (const id of ["a", "b", "c"]) memory.set(id, taskOf(10));
    memory.get("a");
    memory.set("d", taskOf(10));
    expect(["a", "b", "c", "d"].map((id) => memory.get(id) !== undefined)).toEqual([true, false, true, true]);

    memory.set("e", taskOf(9_000));
    expect(memory.size().knownBytes).toBeLessThanOrEqual(10_000);
    expect(memory.get("e")).toBeDefined();

    memory.set("f", taskOf(20_000));
    expect(memory.get("f")).toBeUndefined();
  });
});
