import { isDeepStrictEqual } from "node:util";
import { createClient, type RawAnswer } from "./client.ts";
import type { LoadOptions } from "./load.ts";
import { expectedAnswer, type NextIds, requestBody } from "./workload.ts";

/** One in so many answers is read in full; of the others the length tells: it depends on the number of ids alone. */
const readOneIn = 50;

/**
 * Asks once and reads the answer in full. A fast wrong answer is worth nothing, so this comes before every measurement.
 *
 * @returns the check that answers to equally many ids of this server must pass under load
 * @throws when the answer is wrong
 */
export async function createAnswerCheck(url: string, nextIds: NextIds): Promise<LoadOptions["checkAnswer"]> {
  const client = createClient(url);
  const ids = nextIds();
  const first = await client.post(requestBody(ids));
  await client.close();
  readInFull(first, ids);
  let seen = 0;
  return (answer, asked) => {
    seen += 1;
    if (answer.status !== 200 || answer.bytes !== first.bytes || seen % readOneIn === 0) readInFull(answer, asked);
  };
}

/** @throws when it is not exactly what the upstreams hold */
function readInFull({ status, chunks }: RawAnswer, ids: readonly string[]): void {
  const text = Buffer.concat(chunks).toString();
  if (status !== 200 || !isDeepStrictEqual(JSON.parse(text), expectedAnswer(ids))) {
    const place = Math.max(0, text.search(/"problem":\{|"errors":/) - 200);
    throw new Error(`A wrong answer to ${ids.length} ids, HTTP ${status}: ${text.slice(place, place + 600)}`);
  }
}
