import { createHash, timingSafeEqual } from "node:crypto";

/** Whether `sign` is right for all the other parameters. Takes the same time wherever the difference is. */
export function isSignedWith(parameters: Readonly<Record<string, unknown>>, secret: string): boolean {
  const expected = Buffer.from(signatureOf(parameters, secret));
  const received = Buffer.from(String(parameters.sign));
  return expected.length === received.length && timingSafeEqual(expected, received);
}

/** Upper-case hex of SHA-1 over `key=value` pairs in ASCII order of the keys, then the secret; `sign` takes no part. */
function signatureOf(parameters: Readonly<Record<string, unknown>>, secret: string): string {
  const pairs = Object.entries(parameters)
    .filter(([key, value]) => key !== "sign" && !isEmpty(value))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${asText(value)}`);
  return createHash("sha1")
    .update(`${pairs.join("&")}&secret=${secret}`)
    .digest("hex")
    .toUpperCase();
}

/** 0 and false are not empty. */
function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function asText(value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
