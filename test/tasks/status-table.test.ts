import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMeaningLookup, type MeaningLookup, readStatus, type StatusTable } from "../../src/tasks/status-table.ts";

const labels = { en: "Done", "zh-CN": "完成" };

const table: StatusTable = {
  done: { status: "SUCCEEDED", isTerminal: true, needsAttention: false, labels },
  broken: { status: "FAILED", isTerminal: false, needsAttention: true, labels: null },
};

const fold = (raw: string): string => raw.trim().toLowerCase();

describe("readStatus", () => {
  it("reads a word of the table, and keeps the upstream's spelling", () => {
    const reading = readStatus("Done", createMeaningLookup(table, fold));

    expect(reading).toEqual({
      status: "SUCCEEDED",
      isTerminal: true,
      needsAttention: false,
      rawStatus: { value: "Done", labels, inferred: false },
    });
  });

  it("takes whether a task is over from the table, not from the status", () => {
    expect(readStatus("broken", createMeaningLookup(table, fold))).toMatchObject({
      status: "FAILED",
      isTerminal: false,
    });
  });

  it.each(["", "finished", "constructor", "__proto__", "toString", "Done!", "0"])(
    "leaves %j unknown: not terminal, and asking for attention",
    (raw) => {
      const reading = readStatus(raw, createMeaningLookup(table, fold));

      expect(reading).toEqual({
        status: "UNKNOWN",
        isTerminal: false,
        needsAttention: true,
        rawStatus: { value: raw, labels: null, inferred: false },
      });
    },
  );

  it.each([
    ["control characters", "do\u0000n\u001b[31me\u007f\u0085\r\n", "don[31me"],
    ["what is beyond 64 characters", "x".repeat(65), "x".repeat(64)],
    ["what is beyond 64 characters outside the basic plane", "😀".repeat(65), "😀".repeat(64)],
    [
      "what is beyond 64 characters once control characters are gone",
      `${"\u0001".repeat(64)}${"y".repeat(64)}z`,
      "y".repeat(64),
    ],
  ])("takes %s out of a raw value", (_what, raw, shown) => {
    expect(readStatus(raw, createMeaningLookup(table, fold)).rawStatus.value).toBe(shown);
  });

  it("shows the first 64 characters of any raw value that are no control characters", () => {
    const unit = fc.constantFrom(" ", "~", "a", "é", "😀", "\ud800", "\u0000", "\n", "\u007f", "\u0085");
    const word = fc.oneof(fc.string({ unit, maxLength: 140 }), fc.string({ unit: "grapheme-ascii", maxLength: 70 }));

    fc.assert(
      fc.property(word, (raw) => {
        const shown = Array.from(raw).filter((character) => !/^\p{Cc}$/u.test(character));
        expect(readStatus(raw, () => null).rawStatus.value).toBe(shown.slice(0, 64).join(""));
      }),
    );
  });

  it("does not cut a raw value of 64 characters outside the basic plane", () => {
    expect(readStatus("😀".repeat(64), createMeaningLookup({}, fold)).rawStatus.value).toBe("😀".repeat(64));
  });
});

describe("createMeaningLookup", () => {
  const rule: MeaningLookup = (raw) =>
    raw.endsWith("_failed")
      ? { status: "FAILED", isTerminal: false, needsAttention: true, labels: null, inferred: true }
      : null;

  it("asks the rule, with the folded word, about what the table does not know, and marks its reading as inferred", () => {
    const reading = readStatus("Copy_FAILED", createMeaningLookup(table, fold, { rule }));

    expect(reading).toMatchObject({ status: "FAILED", rawStatus: { value: "Copy_FAILED", inferred: true } });
  });

  it("does not ask the rule about a word of the table", () => {
    const meaning = createMeaningLookup({ ...table, copy_failed: { ...table.done, status: "ENDED" } as never }, fold, {
      rule,
    });

    expect(readStatus("copy_failed", meaning)).toMatchObject({ status: "ENDED", rawStatus: { inferred: false } });
  });

  it("lets an operator's override win over the table, and keeps the table's labels", () => {
    const overrides = { DONE: { status: "PARTIALLY_SUCCEEDED", isTerminal: true, needsAttention: true } } as const;

    const reading = readStatus("done", createMeaningLookup(table, fold, { overrides }));

    expect(reading).toEqual({ ...overrides.DONE, rawStatus: { value: "done", labels, inferred: false } });
  });

  it("lets an override win over the rule, without calling its reading inferred", () => {
    const overrides = { copy_failed: { status: "WAITING", isTerminal: false, needsAttention: true } } as const;

    const reading = readStatus("COPY_FAILED", createMeaningLookup(table, fold, { rule, overrides }));

    expect(reading).toEqual({
      ...overrides.copy_failed,
      rawStatus: { value: "COPY_FAILED", labels: null, inferred: false },
    });
  });

  it("leaves the other words alone when one is overridden", () => {
    const overrides = { broken: { status: "ENDED", isTerminal: true, needsAttention: false } } as const;

    expect(readStatus("done", createMeaningLookup(table, fold, { overrides }))).toMatchObject({ status: "SUCCEEDED" });
    expect(readStatus("done", createMeaningLookup(table, fold))).toMatchObject({ status: "SUCCEEDED" });
    expect(readStatus("broken", createMeaningLookup(table, fold))).toMatchObject({ status: "FAILED" });
  });
});
