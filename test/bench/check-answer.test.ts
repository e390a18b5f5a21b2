import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createAnswerCheck } from "./check-answer.ts";
import { startLoad } from "./load.ts";
import { distinctIds, expectedAnswer } from "./workload.ts";

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Spoil = (answer: string, queriesBefore: number) => string;

async function startServer(spoil: Spoil): Promise<string> {
  let queries = 0;
  const started = createServer(async (request, response) => {
    const body: Buffer[] = await request.toArray();
    const { variables } = JSON.parse(Buffer.concat(body).toString());
    response.end(spoil(JSON.stringify(expectedAnswer(variables.ids)), queries++));
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/graphql`;
}

const withProblem = (answer: string): string => answer.replace('"problem":null', '"problem":{"code":"TIMEOUT"}');
const withOtherStatus = (answer: string): string => answer.replace('"RUNNING"', '"WAITING"');
const withoutLast = (answer: string): string =>
  answer.replace(/,\{"requestedId"(?!.*"requestedId").*\}(?=\]\}\}\})/, "");

test.for([
  ["a problem", withProblem],
  ["another status", withOtherStatus],
  ["a missing task", withoutLast],
] as const)("nothing is measured when the first answer has %s", async ([, spoil]) => {
  const url = await startServer(spoil);
  await expect(createAnswerCheck(url, distinctIds(10))).rejects.toThrow("A wrong answer to 10 ids");
});

test.for([
  ["a problem", withProblem],
  ["a missing task", withoutLast],
] as const)("one answer with %s under load fails the measurement", async ([, spoil]) => {
  const url = await startServer((answer, before) => (before === 7 ? spoil(answer) : answer));
  const nextIds = distinctIds(10);
  const load = startLoad({ url, clients: 2, nextIds, checkAnswer: await createAnswerCheck(url, nextIds) });
  await expect(load.failed).rejects.toThrow("A wrong answer to 10 ids");
});

test("a status that is wrong in every answer under load is found by reading some in full", async () => {
  const url = await startServer((answer, before) => (before > 0 ? withOtherStatus(answer) : answer));
  const nextIds = distinctIds(10);
  const load = startLoad({ url, clients: 2, nextIds, checkAnswer: await createAnswerCheck(url, nextIds) });
  await expect(load.failed).rejects.toThrow("A wrong answer to 10 ids");
});
