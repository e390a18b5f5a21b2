import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { Token } from "../../../src/http/credential-store.ts";
import { waitForToken } from "../../../src/providers/shared/token-wait.ts";

const token: Token = { value: "t1", expiresAt: 1, renewAt: 1 };
const timeout = { refusal: { kind: "failed", divisible: false, problem: { code: "TIMEOUT", retryable: true } } };
const never = new Promise<Token>(() => undefined);

function limitsOf(signal: AbortSignal, leftMs: number): { signal: AbortSignal; deadlineAt: number } {
  return { signal, deadlineAt: Date.now() + leftMs };
}

describe("waitForToken", () => {
  it.each([
    ["a token", token],
    ["a refusal", { refusal: "bad password" }],
  ])("hands on %s, and leaves no listener behind", async (_what, fetched) => {
    const { signal } = new AbortController();

    const waited = await waitForToken(Promise.resolve(fetched), limitsOf(signal, 1_000), "Vendor", Date.now);

    expect(waited).toBe(fetched);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is a timeout when the call's time is up first", async () => {
    const { signal } = new AbortController();

    expect(await waitForToken(never, limitsOf(signal, 20), "Vendor", Date.now)).toMatchObject(timeout);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("waits on when the deadline has moved meanwhile", async () => {
    const limits = { signal: new AbortController().signal, deadlineAt: Date.now() + 20 };
    const { promise, resolve } = Promise.withResolvers<Token>();

    const waiting = waitForToken(promise, limits, "Vendor", Date.now);
    limits.deadlineAt += 60_000;
    setTimeout(() => resolve(token), 60);

    expect(await waiting).toBe(token);
  });

  it("is a timeout at once when there was no time left", async () => {
    expect(await waitForToken(never, limitsOf(new AbortController().signal, -5), "Vendor", Date.now)).toMatchObject(
      timeout,
    );
  });

  it.each([
    ["leaves", (leaving: AbortController) => setTimeout(() => leaving.abort(), 10)],
    ["has left", (leaving: AbortController) => leaving.abort()],
  ])("does not wait when the waiter %s", async (_when, leave) => {
    const leaving = new AbortController();
    leave(leaving);

    expect(await waitForToken(never, limitsOf(leaving.signal, 60_000), "Vendor", Date.now)).toMatchObject(timeout);
  });

  it("rejects when fetching does, and leaves no listener behind", async () => {
    const { signal } = new AbortController();

    const waiting = waitForToken(Promise.reject(new Error("defect")), limitsOf(signal, 1_000), "Vendor", Date.now);

    await expect(waiting).rejects.toThrow("defect");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
