import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { Exchange } from "../../src/http/exchange.ts";
import type { CallLimits } from "../../src/http/send.ts";
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

const failOnce = (value: Exchange): { value: Exchange } => ({ value });

/** Five connections in a row that are reset, each by a call of one attempt. */
async function openCircuit(): Promise<void> {
  const lost = callTo(upstream.url, { judge: failOnce });
  for (let call = 0; call < 5; call += 1) await sender.send(lost);
}

describe("send, and an account whose circuit is open", () => {
  it("sends nothing, and tells when to come back", async () => {
    await start((socket) => socket.resetAndDestroy());
    await openCircuit();
    const before = upstream.requests.length;
    const now = Date.now();

    const exchange = await sender.send(callTo(upstream.url));

    expect(exchange).toMatchObject({ kind: "failure", reason: "circuit-open" });
    const againAt = (exchange.kind === "failure" && exchange.againAt) || 0;
    expect(againAt).toBeGreaterThan(now + 3_000);
    expect(againAt).toBeLessThanOrEqual(Date.now() + 5_000);
    expect([upstream.requests.length, sender.admission.standing()]).toEqual([before, "circuit-open"]);
    expect(sender.told).toContain("breaker open");
    expect(sender.told).toContain("withheld circuit-open");
  });

  it("keeps what an earlier attempt came to", async () => {
    await start((socket) => socket.resetAndDestroy());
    for (let call = 0; call < 4; call += 1) await sender.send(callTo(upstream.url, { judge: failOnce }));

    const exchange = await sender.send(callTo(upstream.url));

    expect(exchange).toEqual({ kind: "failure", reason: "unreachable" });
    expect(upstream.requests).toHaveLength(5);
  });

  it("goes on asking for credentials", async () => {
    await start((socket, index) => (index < 5 ? socket.resetAndDestroy() : answerWith(socket, 200)));
    await openCircuit();

    expect(reasonOf(await sender.sendForCredentials(callTo(upstream.url)))).toBe("HTTP 200");
  });

  it("is not told of the trouble of token endpoints", async () => {
    await start((socket) => socket.resetAndDestroy());
    for (let call = 0; call < 4; call += 1) await sender.sendForCredentials(callTo(upstream.url));

    expect(sender.admission.standing()).toBe("open");
  });

  it.each<[string, Parameters<typeof callTo>[1]]>([
    ["operations that ended", {}],
    ["one id of several", { judge: (value) => ({ value, mayBeOneId: true }) }],
  ])("does not open because of %s", async (what, rest) => {
    await start((socket) => (what.startsWith("one") ? answerWith(socket, 500) : undefined), {
      attemptTimeoutMs: 3_000,
    });
    for (let call = 0; call < 21; call += 1) {
      const operation = new AbortController();
      const sending = sender.send(callTo(upstream.url, { ...rest, signal: operation.signal }));
      while (upstream.requests.length <= call) await new Promise((resolve) => setTimeout(resolve, 2));
      if (what.startsWith("operations")) operation.abort();
      await sending;
    }

    expect(sender.admission.standing()).toBe("open");
    expect(upstream.requests).toHaveLength(21);
  });

  it.each([404, 400, 429])("does not open because of HTTP %d", async (status) => {
    await start((socket) => answerWith(socket, status, "", ["x-wait-ms: 0"]));
    for (let call = 0; call < 25; call += 1) {
      await sender.send(callTo(upstream.url, { deadlineAt: Date.now() + 400, judge: (value) => judgeByStatus(value) }));
    }

    expect(sender.admission.standing()).not.toBe("circuit-open");
  });
});

describe("send, and a throttled account", () => {
  it("holds other calls back until the upstream's hint, when that fits their deadline", async () => {
    await start((socket, index) => answerWith(socket, index === 0 ? 429 : 200, "", ["x-wait-ms: 600"]));
    await sender.send(callTo(upstream.url, { deadlineAt: Date.now() + 500 }));

    const hasty = await sender.send(callTo(upstream.url, { deadlineAt: Date.now() + 500 }));
    const patient = await sender.send(callTo(upstream.url));

    expect(hasty).toMatchObject({ kind: "failure", reason: "held-back", againAt: expect.any(Number) });
    expect(reasonOf(patient)).toBe("HTTP 200");
    const [first = 0, second = 0] = upstream.arrivedAt;
    expect(second - first).toBeGreaterThanOrEqual(595);
    expect(sender.told).toEqual(expect.arrayContaining(["throttled", "withheld held-back"]));
  });
});

describe("send, and the rate limit", () => {
  it("counts every attempt, repeats too", async () => {
    await start((socket, index) => answerWith(socket, index < 2 ? 500 : 200), { rateLimit: { perSecond: 2 } });

    const exchange = await sender.send(callTo(upstream.url));

    expect(reasonOf(exchange)).toBe("HTTP 200");
    const [first = 0, , third = 0] = upstream.arrivedAt;
    expect(third - first).toBeGreaterThanOrEqual(990);
  });

  it("does not wait when that would leave too little time", async () => {
    await start((socket) => answerWith(socket, 200), { rateLimit: { perSecond: 1 } });
    await sender.send(callTo(upstream.url));

    const exchange = await sender.send(callTo(upstream.url, { deadlineAt: Date.now() + 900 }));

    expect(exchange).toMatchObject({ reason: "held-back" });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe("send, and the account's repeats", () => {
  it("does not repeat when there are none left, and keeps what the attempt came to", async () => {
    // A call that is answered without trouble keeps the circuit closed.
    await start((socket, index) => answerWith(socket, index % 4 === 2 ? 404 : 500));
    const statuses: string[] = [];
    const blameOneId = { judge: (value: Exchange) => ({ ...judgeByStatus(value), mayBeOneId: true }) };
    for (let call = 0; call < 20; call += 1) {
      const before = upstream.requests.length;
      await sender.send(callTo(upstream.url, blameOneId));
      statuses.push(`${upstream.requests.length - before}`);
    }

    expect(statuses.reduce((sum, attempts) => sum + Number(attempts) - 1, 0)).toBe(10);
    expect(statuses.at(-1)).toBe("1");
    expect(sender.told.filter((line) => line === "repeat transient")).toHaveLength(10);
  });
});

describe("send, and a deadline that moves", () => {
  it("gives an attempt the time that the deadline has moved by", async () => {
    await start((socket) => setTimeout(() => answerWith(socket, 200), 600), { attemptTimeoutMs: 3_000 });
    const limits = { signal: new AbortController().signal, deadlineAt: Date.now() + 400 };
    const sending = sender.send({ ...callTo(upstream.url), limits });

    limits.deadlineAt = Date.now() + 5_000;

    expect(reasonOf(await sending)).toBe("HTTP 200");
  });

  it("gives an attempt no more than its own time, wherever the deadline moves", async () => {
    await start(() => undefined, { attemptTimeoutMs: 300 });
    const limits: CallLimits = {
      signal: new AbortController().signal,
      get deadlineAt() {
        return Date.now() + 60_000;
      },
    };

    expect(await sender.send({ ...callTo(upstream.url, { judge: failOnce }), limits })).toMatchObject({
      reason: "timeout",
    });
    await upstream.allSocketsClosed();
  });

  it("repeats when the deadline allows it by then", async () => {
    await start((socket, index) => answerWith(socket, index === 0 ? 429 : 200, "", ["x-wait-ms: 700"]));
    const limits = { signal: new AbortController().signal, deadlineAt: Date.now() + 600 };
    const sending = sender.send({
      ...callTo(upstream.url),
      limits,
      judge: (exchange) => {
        limits.deadlineAt = Date.now() + 5_000;
        return judgeByStatus(exchange);
      },
    });

    expect(reasonOf(await sending)).toBe("HTTP 200");
  });
});

it("leaves neither listener nor socket of attempts that were aborted", async () => {
  await start(() => undefined, { attemptTimeoutMs: 3_000 });
  const operation = new AbortController();
  const sending = Array.from({ length: 8 }, () => sender.send(callTo(upstream.url, { signal: operation.signal })));
  while (upstream.requests.length < 8) await new Promise((resolve) => setTimeout(resolve, 2));

  operation.abort();
  await Promise.all(sending);
  await upstream.allSocketsClosed();

  expect(getEventListeners(operation.signal, "abort")).toHaveLength(0);
});

it("has an attempt wait for no connection that nobody wants any more", async () => {
  await start(() => undefined, { maxConcurrency: 1, attemptTimeoutMs: 3_000 });
  const running = sender.send(callTo(upstream.url, { judge: failOnce, deadlineAt: Date.now() + 600 }));
  const operation = new AbortController();
  const queued = sender.send(callTo(upstream.url, { signal: operation.signal }));
  while (upstream.requests.length < 1) await new Promise((resolve) => setTimeout(resolve, 2));

  operation.abort();

  expect(reasonOf(await queued)).toBe("aborted");
  await running;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(upstream.requests).toHaveLength(1);
});
