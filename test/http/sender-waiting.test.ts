import { getEventListeners } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Exchange } from "../../src/http/exchange.ts";
import type { Judgement, PreparedAttempt } from "../../src/http/send.ts";
import { answerWith, type RawAnswering, type RawUpstream, startRawUpstream } from "./raw-upstream.ts";
import { callTo, createTestSender, judgeByStatus, reasonOf, type TestSender } from "./sending.ts";

let upstream: RawUpstream;
let sender: TestSender;

async function start(answering: RawAnswering, options: Parameters<typeof createTestSender>[0] = {}): Promise<void> {
  upstream = await startRawUpstream(answering);
  sender = createTestSender(options);
}

afterEach(async () => {
  await sender.close();
  await upstream.close();
});

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("send, and its deadline", () => {
  it("starts no attempt when less than 250 ms are left", async () => {
    await start((socket) => answerWith(socket, 200));
    let prepared = 0;

    const exchange = await sender.send(
      callTo(upstream.url, {
        deadlineAt: Date.now() + 240,
        prepare: () => {
          prepared += 1;
          return { request: { method: "GET", url: upstream.url, headers: {} } };
        },
      }),
    );

    expect(exchange).toEqual({ kind: "failure", reason: "timeout" });
    expect([prepared, upstream.requests.length]).toEqual([0, 0]);
  });

  it("starts an attempt when 250 ms are left", async () => {
    await start((socket) => answerWith(socket, 200), { now: () => 1_000 });

    expect(reasonOf(await sender.send(callTo(upstream.url, { deadlineAt: 1_250 })))).toBe("HTTP 200");
  });

  it("starts no attempt when preparing it has left less than 250 ms", async () => {
    let clock = 0;
    await start((socket) => answerWith(socket, 200), { now: () => clock });
    const request = { method: "GET", url: upstream.url, headers: {} } as const;

    const exchange = await sender.send(
      callTo(upstream.url, {
        deadlineAt: 1_000,
        prepare: async () => {
          clock = 800;
          return { request };
        },
      }),
    );

    expect(exchange).toEqual({ kind: "failure", reason: "timeout" });
    expect(upstream.requests).toHaveLength(0);
  });

  it("judges what was prepared and not sent, because its credentials may hold something, and keeps what it was told before", async () => {
    let clock = 0;
    await start((socket) => answerWith(socket, 500), { now: () => clock });
    const request = { method: "GET", url: upstream.url, headers: {} } as const;
    const judged: string[] = [];
    let prepared = 0;

    const exchange = await sender.send({
      limits: { signal: new AbortController().signal, deadlineAt: 1_000 },
      prepare: async () => {
        prepared += 1;
        if (prepared === 2) clock = 800;
        return { request };
      },
      judge(result) {
        judged.push(reasonOf(result));
        return judgeByStatus(result);
      },
    });

    expect(reasonOf(exchange)).toBe("HTTP 500");
    expect([prepared, judged]).toEqual([2, ["HTTP 500", "timeout"]]);
  });

  it("gives an attempt no more time than the deadline leaves", async () => {
    await start(() => undefined, { attemptTimeoutMs: 5_000 });
    const startedAt = Date.now();

    const exchange = await sender.send(callTo(upstream.url, { deadlineAt: Date.now() + 300 }));

    expect(exchange).toEqual({ kind: "failure", reason: "timeout" });
    expect(Date.now() - startedAt).toBeLessThan(2_000);
    expect(upstream.requests).toHaveLength(1);
  });

  it("answers at once with what there is when the upstream's hint lies past the deadline", async () => {
    await start((socket) => answerWith(socket, 429, "", ["x-wait-ms: 60000"]));
    const startedAt = Date.now();

    const exchange = await sender.send(callTo(upstream.url));

    expect(reasonOf(exchange)).toBe("HTTP 429");
    expect(Date.now() - startedAt).toBeLessThan(600);
    expect(upstream.requests).toHaveLength(1);
  });

  it("does not wait for a hint that would leave less than 250 ms for the attempt", async () => {
    await start((socket) => answerWith(socket, 429, "", ["x-wait-ms: 700"]));
    const startedAt = Date.now();

    const exchange = await sender.send(callTo(upstream.url, { deadlineAt: startedAt + 900 }));

    expect(reasonOf(exchange)).toBe("HTTP 429");
    expect(Date.now() - startedAt).toBeLessThan(600);
  });

  it("waits for a hint that fits, and not less than it says", async () => {
    await start((socket, index) => answerWith(socket, index === 0 ? 429 : 200, "", ["x-wait-ms: 700"]));

    const exchange = await sender.send(callTo(upstream.url));

    expect(reasonOf(exchange)).toBe("HTTP 200");
    const [first = 0, second = 0] = upstream.arrivedAt;
    expect(second - first).toBeGreaterThanOrEqual(695);
    expect(second - first).toBeLessThan(2_000);
  });

  it("backs off from throttling without a hint for half a second at least", async () => {
    await start((socket, index) => answerWith(socket, index === 0 ? 429 : 200));

    await sender.send(callTo(upstream.url));

    const [first = 0, second = 0] = upstream.arrivedAt;
    expect(second - first).toBeGreaterThanOrEqual(495);
  });
});

describe("send, and what a call says about its attempts", () => {
  it("prepares each attempt anew", async () => {
    await start((socket) => answerWith(socket, 500));
    let nonce = 0;

    await sender.send(
      callTo(upstream.url, {
        prepare: () => {
          nonce += 1;
          return { request: { method: "GET", url: upstream.url, headers: { "x-nonce": String(nonce) } } };
        },
      }),
    );

    expect(nonce).toBe(3);
    expect(upstream.requests.map((request) => /x-nonce: (\d)/.exec(request)?.[1])).toEqual(["1", "2", "3"]);
  });

  it("sends nothing when preparing settles the call", async () => {
    await start((socket) => answerWith(socket, 200));
    const settled: Exchange = { kind: "failure", reason: "aborted" };

    const exchange = await sender.send(callTo(upstream.url, { prepare: () => ({ settled }) }));

    expect(exchange).toBe(settled);
    expect([upstream.requests.length, sender.attempts.length]).toEqual([0, 0]);
  });

  it("repeats once, at once, with corrected credentials", async () => {
    await start((socket) => answerWith(socket, 401));
    const startedAt = Date.now();

    await sender.send(callTo(upstream.url, { judge: (value) => ({ value, again: { because: "credentials" } }) }));

    expect(upstream.requests).toHaveLength(2);
    expect(Date.now() - startedAt).toBeLessThan(600);
  });

  it("repeats an answer that nobody can read once", async () => {
    await start((socket) => answerWith(socket, 200, "<html>"));

    await sender.send(callTo(upstream.url, { judge: (value) => ({ value, again: { because: "malformed" } }) }));

    expect(upstream.requests).toHaveLength(2);
  });

  it("makes three attempts at most, for however many reasons", async () => {
    const reasons = ["credentials", "malformed", "transient", "transient"] as const;
    await start((socket) => answerWith(socket, 500));

    await sender.send(
      callTo(upstream.url, {
        judge: (value) => ({ value, again: { because: reasons[upstream.requests.length - 1] ?? "transient" } }),
      }),
    );

    expect(upstream.requests).toHaveLength(3);
  });

  it.each([
    [
      "prepare",
      {
        prepare: (): PreparedAttempt<Exchange> => {
          throw new Error("defect");
        },
      },
    ],
    [
      "judge",
      {
        judge: (): Judgement<Exchange> => {
          throw new Error("defect");
        },
      },
    ],
  ])("rejects, and hinders no other call, when %s throws", async (_what, defect) => {
    await start((socket) => answerWith(socket, 200));

    await expect(sender.send(callTo(upstream.url, defect))).rejects.toThrow("defect");

    expect(reasonOf(await sender.send(callTo(upstream.url)))).toBe("HTTP 200");
  });
});

describe("send, and calls beside each other", () => {
  it("keeps connections for the next call", async () => {
    await start((socket) => answerWith(socket, 200));
    let connections = 0;

    for (let call = 0; call < 10; call += 1) {
      await sender.send(callTo(upstream.url));
      connections = Math.max(connections, upstream.openSockets());
    }

    expect(connections).toBeLessThanOrEqual(2);
  });
});

describe("send, when its operation ends", () => {
  const endings: [string, unknown, string][] = [
    ["its deadline", new DOMException("The operation timed out", "TimeoutError"), "timeout"],
    ["its client's leaving", undefined, "aborted"],
    ["another reason", new Error("gone"), "aborted"],
  ];

  it.each(endings)(
    "answers at once in the middle of an attempt, with the word for %s",
    async (_what, cause, reason) => {
      await start(() => undefined, { attemptTimeoutMs: 3_000 });
      const operation = new AbortController();
      const sending = sender.send(callTo(upstream.url, { signal: operation.signal }));
      await arrival(upstream, 1);

      operation.abort(cause);

      expect(await sending).toEqual({ kind: "failure", reason });
      await upstream.allSocketsClosed();
      expect(upstream.requests).toHaveLength(1);
    },
  );

  it.each(endings)(
    "answers at once while it waits for its turn by the rate limit, with the word for %s",
    async (_what, cause, reason) => {
      const held: Socket[] = [];
      await start((socket) => held.push(socket), { rateLimit: { perSecond: 1 }, attemptTimeoutMs: 3_000 });
      const running = sender.send(callTo(upstream.url));
      await arrival(upstream, 1);
      const operation = new AbortController();
      const waiting = sender.send(callTo(upstream.url, { signal: operation.signal }));
      await wait(20);

      operation.abort(cause);

      expect(await waiting).toEqual({ kind: "failure", reason });
      for (const socket of held) answerWith(socket, 200);
      expect(reasonOf(await running)).toBe("HTTP 200");
      expect(upstream.requests).toHaveLength(1);
    },
  );

  it.each(endings)(
    "answers at once while it waits for a backoff, with the word for %s",
    async (_what, cause, reason) => {
      await start((socket) => answerWith(socket, 429, "", ["x-wait-ms: 2000"]));
      const operation = new AbortController();
      const waiting = sender.send(callTo(upstream.url, { signal: operation.signal }));
      await arrival(upstream, 1);
      await wait(50);
      const abortedAt = Date.now();

      operation.abort(cause);

      expect(await waiting).toEqual({ kind: "failure", reason });
      expect(Date.now() - abortedAt).toBeLessThan(1_000);
      expect(upstream.requests).toHaveLength(1);
    },
  );

  it.each(endings)("sends nothing when it ended before, with the word for %s", async (_what, cause, reason) => {
    await start((socket) => answerWith(socket, 200));

    const exchange = await sender.send(callTo(upstream.url, { signal: AbortSignal.abort(cause) }));

    expect(exchange).toEqual({ kind: "failure", reason });
    expect(upstream.requests).toHaveLength(0);
  });

  it("sends nothing when it ends while an attempt is prepared", async () => {
    await start((socket) => answerWith(socket, 200));
    const operation = new AbortController();

    const exchange = await sender.send(
      callTo(upstream.url, {
        signal: operation.signal,
        prepare: async () => {
          operation.abort();
          return { request: { method: "GET", url: upstream.url, headers: {} } };
        },
      }),
    );
    await wait(50);

    expect(exchange).toEqual({ kind: "failure", reason: "aborted" });
    expect(upstream.openSockets()).toBe(0);
  });

  it("leaves the calls of others alone", async () => {
    await start((socket) => setTimeout(() => answerWith(socket, 200), 60));
    const operation = new AbortController();
    const leaving = sender.send(callTo(upstream.url, { signal: operation.signal }));
    const staying = sender.send(callTo(upstream.url));
    await arrival(upstream, 2);

    operation.abort();

    expect((await Promise.all([leaving, staying])).map(reasonOf)).toEqual(["aborted", "HTTP 200"]);
  });

  it("rejects when judging the ending throws, instead of ending the process", async () => {
    await start(() => undefined);
    const operation = new AbortController();
    const sending = sender.send(
      callTo(upstream.url, {
        signal: operation.signal,
        judge: () => {
          throw new Error("defect");
        },
      }),
    );
    await arrival(upstream, 1);

    operation.abort();

    await expect(sending).rejects.toThrow("defect");
  });

  it("leaves no listener on the operation's signal", async () => {
    await start((socket, index) => answerWith(socket, index % 2 === 0 ? 500 : 200));
    const { signal } = new AbortController();

    await Promise.all(Array.from({ length: 20 }, () => sender.send(callTo(upstream.url, { signal }))));
    await wait(0);

    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

async function arrival({ requests }: RawUpstream, count: number): Promise<void> {
  while (requests.length < count) await wait(5);
}
