import { describe, expect, it } from "vitest";
import { createTurnstile } from "../../src/server/turnstile.ts";

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("createTurnstile", () => {
  it("lets the first one begin in its own turn of the event loop", async () => {
    let turns = 0;
    setImmediate(() => {
      turns += 1;
    });

    await createTurnstile().pass();

    expect(turns).toBe(0);
  });

  it("lets one more begin in each turn, in the order of their arrival", async () => {
    const turnstile = createTurnstile();
    const begun: string[] = [];
    for (const name of ["a", "b", "c"]) void turnstile.pass().then(() => begun.push(name));

    const perTurn: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      await Promise.resolve();
      perTurn.push(begun.join(""));
      await endOfTurn();
    }

    expect(perTurn).toEqual(["a", "ab", "abc", "abc"]);
  });

  it("lets nobody past those who wait", async () => {
    const turnstile = createTurnstile();
    const begun: string[] = [];
    void turnstile.pass().then(() => begun.push("a"));
    void turnstile.pass().then(() => begun.push("b"));
    setImmediate(() => void turnstile.pass().then(() => begun.push("c")));

    for (let turn = 0; turn < 4; turn += 1) await endOfTurn();

    expect(begun).toEqual(["a", "b", "c"]);
  });

  it("is open again when a turn went by in which nobody came", async () => {
    const turnstile = createTurnstile();
    await turnstile.pass();
    for (let turn = 0; turn < 2; turn += 1) await endOfTurn();
    let turns = 0;
    setImmediate(() => {
      turns += 1;
    });

    await turnstile.pass();

    expect(turns).toBe(0);
  });
});
