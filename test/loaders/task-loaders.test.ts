import { describe, expect, it } from "vitest";
import type { CachedTasks } from "../../src/cache/cached-tasks.ts";
import type { LoadedTask } from "../../src/cache/reading.ts";
import { createTaskLoaders, type TaskLoaderOptions } from "../../src/loaders/task-loaders.ts";
import { nothingMissing } from "../../src/tasks/outcome.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import type { AskLimits, TaskKey } from "../../src/tasks/task-key.ts";
import { keyOf } from "../batching/task-keys.ts";
import { taskNamed } from "../batching/upstream-of-truths.ts";

const now = 1_700_000_000_000;

interface Recorder extends CachedTasks {
  readonly asked: { keys: readonly TaskKey[]; limits: AskLimits }[];
}

/** Stands where the cache stands: records what it is asked, and tells a task by its id. Knows nothing by default. */
function createRecorder(
  loadedOf: (key: TaskKey) => LoadedTask = readingOf,
  recall: (key: TaskKey) => LoadedTask | undefined = () => undefined,
): Recorder {
  const asked: Recorder["asked"] = [];
  return {
    asked,
    recallTasks: (keys) => keys.map(recall),
    async fetchTasks(keys, limits) {
      asked.push({ keys, limits });
      return keys.map(loadedOf);
    },
  };
}

function readingOf({ reference }: TaskKey): LoadedTask {
  return {
    kind: "reading",
    state: taskNamed(reference.id),
    observedAt: now - 5,
    source: "UPSTREAM",
    missing: nothingMissing,
    problem: null,
    freshUntilAt: now,
    pollAfterAt: null,
  };
}

function optionsOf(tasks: Recorder, rest: Partial<TaskLoaderOptions> = {}): TaskLoaderOptions {
  return { tasks, signal: new AbortController().signal, deadlineAt: now + 8_000, ...rest };
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

  it("hands one key on for two equal ones, and answers both with one reading", async () => {
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

  it("asks for what is not known only", async () => {
    const recorder = createRecorder(readingOf, (key) => (key.reference.id === "one:1" ? readingOf(key) : undefined));

    const loaded = await createTaskLoaders(optionsOf(recorder)).loadTasks([keyOf("one", "1"), keyOf("one", "2")]);

    expect(loaded.map((task) => task.kind === "reading" && task.state.name)).toEqual(["one:1", "one:2"]);
    expect(idsAsked(recorder)).toEqual([["one:2"]]);
  });

  it("answers a key in the same way for the whole operation, whatever becomes known in between", async () => {
    let isKnown = false;
    const recorder = createRecorder(readingOf, (key) => (isKnown ? readingOf(key) : undefined));
    const loaders = createTaskLoaders(optionsOf(recorder));

    const [asked] = await loaders.loadTasks([keyOf("one", "1")]);
    isKnown = true;
    const [again, recalled] = await loaders.loadTasks([keyOf("one", "1"), keyOf("one", "2")]);
    const [recalledAgain] = await loaders.loadTasks([keyOf("one", "2")]);

    expect(again).toBe(asked);
    expect(recalledAgain).toBe(recalled);
    expect(idsAsked(recorder)).toEqual([["one:1"]]);
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
});
