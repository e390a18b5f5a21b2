import { describe, expect, it } from "vitest";
import type { Batching, TaskKey } from "../../src/batching/batching.ts";
import { createTaskLoaders, type TaskLoaderOptions } from "../../src/loaders/task-loaders.ts";
import type { CallLimits } from "../../src/providers/provider.ts";
import { nothingMissing, type Outcome } from "../../src/tasks/outcome.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import { keyOf } from "../batching/task-keys.ts";
import { taskNamed } from "../batching/upstream-of-truths.ts";

const now = 1_700_000_000_000;

interface Recorder extends Pick<Batching, "fetchTasks"> {
  readonly asked: { keys: readonly TaskKey[]; limits: CallLimits }[];
}

/** Stands where batching stands: records what it is asked, and tells a task by its id. */
function createRecorder(outcomeOf: (key: TaskKey) => Outcome = foundAs): Recorder {
  const asked: Recorder["asked"] = [];
  return {
    asked,
    async fetchTasks(keys, limits) {
      asked.push({ keys, limits });
      return keys.map(outcomeOf);
    },
  };
}

function foundAs({ reference }: TaskKey): Outcome {
  return {
    kind: "found",
    state: taskNamed(reference.id),
    observedAt: now - 5,
    source: "UPSTREAM",
    missing: nothingMissing,
  };
}

function optionsOf(batching: Recorder, rest: Partial<TaskLoaderOptions> = {}): TaskLoaderOptions {
  return {
    batching,
    signal: new AbortController().signal,
    deadlineAt: now + 8_000,
    pollRanges: new Map([
      ["TEST", { pollFloorSeconds: 5, pollCapSeconds: 60 }],
      ["OTHER", { pollFloorSeconds: 30, pollCapSeconds: 120 }],
    ]),
    now: () => now,
    random: () => 0.5,
    ...rest,
  };
}

function keyOfOther(localId: string): TaskKey {
  const key = keyOf("two", localId);
  return { ...key, reference: { ...key.reference, provider: "OTHER" } };
}

const idsAsked = (recorder: Recorder): string[][] =>
  recorder.asked.map(({ keys }) => keys.map(({ reference }) => reference.id));

describe("loadTasks", () => {
  it("answers nothing for no keys, and asks nobody", async () => {
    const recorder = createRecorder();

    expect(await createTaskLoaders(optionsOf(recorder)).loadTasks([])).toEqual([]);
    expect(recorder.asked).toEqual([]);
  });

  it("hands one key to batching for two equal ones, and answers both with one reading", async () => {
    const recorder = createRecorder();

    const [first, second] = await createTaskLoaders(optionsOf(recorder)).loadTasks([
      keyOf("one", "1"),
      keyOf("one", "1"),
    ]);

    expect(idsAsked(recorder)).toEqual([["one:1"]]);
    expect(first).toBe(second);
  });

  it("hands keys of one task with other facets on apart, whatever the order that facets are named in", async () => {
    const recorder = createRecorder();

    await createTaskLoaders(optionsOf(recorder)).loadTasks([
      keyOf("one", "1"),
      keyOf("one", "1", ["items"]),
      keyOf("one", "1", ["items", "children"]),
      keyOf("one", "1", ["children", "items"]),
    ]);

    expect(recorder.asked[0]?.keys.map(({ facets }) => [...facets].join())).toEqual(["", "items", "items,children"]);
  });

  it("collects what is asked in different ticks of one operation", async () => {
    const recorder = createRecorder();
    const loaders = createTaskLoaders(optionsOf(recorder));

    await Promise.all([
      loaders.loadTasks([keyOf("one", "1")]),
      Promise.resolve().then(() => loaders.loadTasks([keyOf("one", "2")])),
      Promise.resolve()
        .then(() => undefined)
        .then(() => loaders.loadTasks([keyOf("one", "3")])),
    ]);

    expect(idsAsked(recorder)).toEqual([["one:1", "one:2", "one:3"]]);
  });

  it("does not ask again for what it has answered, nor for a problem", async () => {
    const problem = createProblem("TIMEOUT", "Text.");
    const recorder = createRecorder(() => ({ kind: "problem", problem }));
    const loaders = createTaskLoaders(optionsOf(recorder));

    const first = await loaders.loadTasks([keyOf("one", "1")]);
    const second = await loaders.loadTasks([keyOf("one", "1")]);

    expect([first, second]).toEqual([[{ kind: "problem", problem }], [{ kind: "problem", problem }]]);
    expect(recorder.asked).toHaveLength(1);
  });

  it("shares nothing between two requests", async () => {
    const recorder = createRecorder();
    const [one, other] = [createTaskLoaders(optionsOf(recorder)), createTaskLoaders(optionsOf(recorder))];

    await Promise.all([one.loadTasks([keyOf("one", "1")]), other.loadTasks([keyOf("one", "1")])]);

    expect(idsAsked(recorder)).toEqual([["one:1"], ["one:1"]]);
  });

  it("keeps providers apart, and answers in key order", async () => {
    const recorder = createRecorder();

    const loaded = await createTaskLoaders(optionsOf(recorder)).loadTasks([
      keyOf("one", "2"),
      keyOfOther("1"),
      keyOf("one", "1"),
    ]);

    expect(loaded.map((task) => task.kind === "reading" && task.state.name)).toEqual(["one:2", "two:1", "one:1"]);
    expect(idsAsked(recorder)).toEqual([["one:2", "one:1"], ["two:1"]]);
  });

  it("hands on the operation's signal and deadline, and nothing else", async () => {
    const recorder = createRecorder();
    const { signal } = new AbortController();

    await createTaskLoaders(optionsOf(recorder, { signal, deadlineAt: 77 })).loadTasks([keyOf("one", "1")]);

    expect(recorder.asked[0]?.limits).toEqual({ signal, deadlineAt: 77 });
    expect(recorder.asked[0]?.limits.signal).toBe(signal);
  });

  it("gives each provider's tasks its own poll range, and says when the upstream answered", async () => {
    const loaded = await createTaskLoaders(optionsOf(createRecorder())).loadTasks([keyOf("one", "1"), keyOfOther("1")]);

    expect(loaded).toMatchObject([
      { kind: "reading", observedAt: now - 5, pollAfterAt: now + 5_000 },
      { kind: "reading", observedAt: now - 5, pollAfterAt: now + 30_000 },
    ]);
  });

  it("draws the poll hint of a task once, so that every mention in the operation says the same", async () => {
    let drawn = 0;
    const random = (): number => {
      drawn += 1;
      return drawn / 10;
    };
    const loaders = createTaskLoaders(optionsOf(createRecorder(), { random }));

    const [first] = await loaders.loadTasks([keyOf("one", "1")]);
    const [second] = await loaders.loadTasks([keyOf("one", "1")]);

    expect(first).toBe(second);
    expect(drawn).toBe(1);
  });

  it("gives a terminal task no poll hint", async () => {
    const state = taskNamed("done", { status: "SUCCEEDED", isTerminal: true });
    const recorder = createRecorder(() => ({
      kind: "found",
      state,
      observedAt: now,
      source: "UPSTREAM",
      missing: nothingMissing,
    }));

    const [task] = await createTaskLoaders(optionsOf(recorder)).loadTasks([keyOf("one", "1")]);

    expect(task).toEqual({
      kind: "reading",
      state,
      observedAt: now,
      source: "UPSTREAM",
      missing: nothingMissing,
      freshUntilAt: now + 600_000,
      pollAfterAt: null,
    });
  });
});
