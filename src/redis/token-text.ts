import { z } from "zod";
import type { Token } from "../http/credential-store.ts";
import { parseJson } from "./parse-json.ts";

const token = z.object({ value: z.string().min(1), expiresAt: z.number(), renewAt: z.number() });

export function writeToken({ value, expiresAt, renewAt }: Token): string {
  return JSON.stringify({ value, expiresAt, renewAt });
}

/** Null for whatever is no token: another version of this service may have written it. */
export function readToken(written: string | null): Token | null {
  return token.safeParse(parseJson(written ?? "")).data ?? null;
}
