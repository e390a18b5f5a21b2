import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { answerWith, type RawAnswering, type RawUpstream, startRawUpstream } from "./raw-upstream.ts";
import { callTo, createTestSender, reasonOf, type TestSender } from "./sending.ts";

let upstream: RawUpstream;
let sender: TestSender;

async function start(answering: RawAnswering, options: Parameters<typeof createTestSender>[0] = {}): Promise<void> {
  upstream = await startRawUpstream(answering);
  sender = createTestSender(options);
}

afterEach(async () => {
  await sender.close();
  await upstream?.close().catch(() => undefined);
});

describe("send, when the far end misbehaves", () => {
  it("answers after one repeat when a 500 is followed by a 200", async () => {
    await start((socket, index) => answerWith(socket, index === 0 ? 500 : 200, `{"attempt":${index}}`));

    const exchange = await sender.send(callTo(upstream.url));

    expect(exchange).toMatchObject({ kind: "response", status: 200, text: '{"attempt":1}' });
    expect(sender.attempts).toEqual(["5xx", "2xx"]);
  });

  it("gives up after three attempts, with what the last one came to", async () => {
    await start((socket, index) => answerWith(socket, 500 + index));

    const exchange = await sender.send(callTo(upstream.url));

    expect(exchange).toMatchObject({ status: 502 });
    expect(upstream.requests).toHaveLength(3);
  });

  it.each([404, 400, 302, 200])("does not repeat a final answer: %d", async (status) => {
    await start((socket) => answerWith(socket, status, "", ["location: /elsewhere"]));

    const exchange = await sender.send(callTo(upstream.url));

    expect(exchange).toMatchObject({ status });
    expect(upstream.requests).toHaveLength(1);
  });

  it("times out on silence, and destroys the socket", async () => {
    await start(() => undefined, { attemptTimeoutMs: 150 });
    const startedAt = Date.now();

    const exchange = await sender.send(callTo(upstream.url, { judge: (value) => ({ value }) }));

    expect(exchange).toEqual({ kind: "failure", reason: "timeout" });
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    await upstream.allSocketsClosed();
    expect(upstream.openSockets()).toBe(0);
  });

  it("times out on silence behind the headers", async () => {
    await start((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"), { attemptTimeoutMs: 150 });

    const exchange = await sender.send(callTo(upstream.url, { judge: (value) => ({ value }) }));

    expect(exchange).toEqual({ kind: "failure", reason: "timeout" });
    await upstream.allSocketsClosed();
  });

  it("counts the total time of an answer that drips, not the time between its bytes", async () => {
    const drips: NodeJS.Timeout[] = [];
    await start(
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        drips.push(setInterval(() => socket.write("x"), 50));
      },
      { attemptTimeoutMs: 300 },
    );
    const startedAt = Date.now();

    const exchange = await sender.send(callTo(upstream.url, { judge: (value) => ({ value }) }));

    for (const drip of drips) clearInterval(drip);
    expect(exchange).toEqual({ kind: "failure", reason: "timeout" });
    expect(Date.now() - startedAt).toBeLessThan(2_000);
    await upstream.allSocketsClosed();
  });

  it("repeats after silence, and answers when the next attempt is answered", async () => {
    await start((socket, index) => (index === 0 ? undefined : answerWith(socket, 200)), { attemptTimeoutMs: 100 });

    const exchange = await sender.send(callTo(upstream.url));

    expect(reasonOf(exchange)).toBe("HTTP 200");
    expect(sender.attempts).toEqual(["timeout", "2xx"]);
  });

  const cuts: [string, RawAnswering][] = [
    ["before the headers", (socket) => socket.resetAndDestroy()],
    ["in the middle of the headers", (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-le")],
    ["behind the headers", (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n")],
    ["in the middle of the body", (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"code":0}')],
    [
      "in the middle of a chunked body",
      (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n{"code":0}\r\n'),
    ],
  ];

  it.each(cuts)("is unreachable, after three attempts, when the connection ends %s", async (_where, answering) => {
    await start(answering);
    const judged: string[] = [];

    const exchange = await sender.send(
      callTo(upstream.url, {
        judge: (value) => {
          judged.push(reasonOf(value));
          return { value, again: { because: "transient" } };
        },
      }),
    );

    expect(exchange).toEqual({ kind: "failure", reason: "unreachable" });
    expect(judged).toEqual(["unreachable", "unreachable", "unreachable"]);
    expect(upstream.requests).toHaveLength(3);
  });

  it("is answered when only the first connection is reset in the middle of the body", async () => {
    await start((socket, index) => {
      if (index > 0) answerWith(socket, 200, '{"code":0}');
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"code', () => socket.resetAndDestroy());
    });

    const exchange = await sender.send(callTo(upstream.url));

    expect(exchange).toMatchObject({ kind: "response", text: '{"code":0}' });
    expect(sender.attempts).toEqual(["unreachable", "2xx"]);
  });

  it("is unreachable when the far end does not speak HTTP", async () => {
    await start((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"));

    expect(reasonOf(await sender.send(callTo(upstream.url)))).toBe("unreachable");
  });

  it("is unreachable when nobody listens", async () => {
    await start((socket) => answerWith(socket, 200));
    const vacant = await vacantUrl();

    const exchange = await sender.send(callTo(vacant));

    expect(exchange).toEqual({ kind: "failure", reason: "unreachable" });
    expect(sender.attempts).toEqual(["unreachable", "unreachable", "unreachable"]);
  });

  it("reads an answer of 5 MiB", async () => {
    await start((socket) => answerWith(socket, 200, "x".repeat(5 * 1024 * 1024)), { attemptTimeoutMs: 3_000 });

    const exchange = await sender.send(callTo(upstream.url));

    expect(exchange.kind === "response" && exchange.text.length).toBe(5 * 1024 * 1024);
  });

  it.each([
    ["announced", "content-length: 5242881\r\n\r\n"],
    ["chunked", "transfer-encoding: chunked\r\n\r\n500001\r\n"],
  ])("does not read an answer over 5 MiB (%s), nor ask for it again", async (_how, head) => {
    await start((socket) => socket.write(`HTTP/1.1 200 OK\r\n${head}${"x".repeat(5 * 1024 * 1024 + 1)}`), {
      attemptTimeoutMs: 3_000,
    });

    const exchange = await sender.send(callTo(upstream.url));

    expect(exchange).toEqual({ kind: "failure", reason: "oversized" });
    expect(upstream.requests).toHaveLength(1);
    await upstream.allSocketsClosed();
  });

  it("sends the body that was prepared, and no header that nobody asked for but those of HTTP itself", async () => {
    await start((socket) => answerWith(socket, 200));
    const request = { method: "POST", url: upstream.url, headers: { "content-type": "application/json" }, body: "{}" };

    await sender.send(callTo(upstream.url, { prepare: () => ({ request: { ...request, method: "POST" } }) }));

    const [head = "", body] = (upstream.requests[0] ?? "").split("\r\n\r\n");
    const names = head
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(":")[0]);
    expect(names.toSorted()).toEqual(["connection", "content-length", "content-type", "host"]);
    expect(body).toBe("{}");
  });

  it("tells when the last byte arrived", async () => {
    await start((socket) => answerWith(socket, 200), { now: () => 1_700_000_000_000 });

    const exchange = await sender.send(callTo(upstream.url, { deadlineAt: 1_700_000_005_000 }));

    expect(exchange).toMatchObject({ receivedAt: 1_700_000_000_000 });
  });
});

async function vacantUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/tasks`;
}
