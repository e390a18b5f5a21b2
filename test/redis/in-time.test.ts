import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { inTime, NoReplyInTime } from "../../src/redis/in-time.ts";

it("passes on what comes within 50 ms, and waits for nothing longer", async () => {
  const startedAt = performance.now();

  await expect(inTime(Promise.resolve("reply"))).resolves.toBe("reply");
  await expect(inTime(Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  await expect(inTime(new Promise(() => {}))).rejects.toBeInstanceOf(NoReplyInTime);

  expect(performance.now() - startedAt).toBeGreaterThan(40);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

it("reads what has come while the loop was blocked before it gives up", async () => {
  const worker = new Worker(
    'const { parentPort } = require("node:worker_threads");' +
      'parentPort.on("message", (after) => setTimeout(() => parentPort.postMessage("reply"), after));',
    { eval: true },
  );
  worker.postMessage(0);
  await once(worker, "message");

  worker.postMessage(45);
  const reply = inTime(once(worker, "message"));
  // Goes off right after each of the ticks that are counted, because it is set for the same time.
  let ticks = 0;
  const beside = setTimeout(() => {
    ticks += 1;
    if (ticks < 3) beside.refresh();
    // Between the phase that reads and the one of timers.
    else setImmediate(() => block(60));
  }, 12);

  await expect(reply).resolves.toEqual(["reply"]);
  await worker.terminate();
});

function block(milliseconds: number): void {
  const endAt = performance.now() + milliseconds;
  while (performance.now() < endAt);
}
