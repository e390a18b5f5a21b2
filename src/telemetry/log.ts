import { type DestinationStream, type Logger, pino, stdSerializers } from "pino";
import type { Redact } from "./redaction.ts";

export type { Logger };

export interface LogOptions {
  readonly level: string;
  readonly redact: Redact;
  /** Where finished lines go. */
  readonly destination: DestinationStream;
}

/** Headers that carry somebody's credentials to us. */
const credentialHeaders = ["authorization", "cookie", "router-authorization", "x-api-key"];

/**
 * JSON lines. Configured secrets are replaced in the finished line, so that none slips through by way of an error text or
 * a nested value; callers' credentials are dropped by header name.
 */
export function createLog({ level, redact, destination }: LogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: credentialHeaders.map((name) => `req.headers["${name}"]`), remove: true },
      serializers: { err: stdSerializers.err },
    },
    { write: (line) => destination.write(redact(line)) },
  );
}
