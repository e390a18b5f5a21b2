import type { SandboxResponse } from "../upstream.ts";
import type { AccessProblem } from "./access.ts";
import type { SopsSwitches } from "./switches.ts";

/** Shown in the headers when no limit is set; bk-sops ships these numbers, disabled. */
const SHOWN_RATE_LIMIT = { calls: 5000, windowSeconds: 60 };

interface GatewayError {
  readonly status: number;
  readonly code: number;
  readonly codeName: string;
  readonly message: string;
}

export const GATEWAY_ERRORS = {
  noRoute: { status: 404, code: 1640401, codeName: "API_NOT_FOUND", message: "API not found" },
  "not-json": {
    status: 400,
    code: 1640001,
    codeName: "INVALID_ARGS",
    message: 'Parameters error [reason="request header X-Bkapi-Authorization is not a valid JSON"]',
  },
  application: {
    status: 400,
    code: 1640001,
    codeName: "INVALID_ARGS",
    message: 'Parameters error [reason="app code or app secret is incorrect"]',
  },
  user: {
    status: 400,
    code: 1640001,
    codeName: "INVALID_ARGS",
    message: 'Parameters error [reason="user authentication failed, please provide a valid user identity"]',
  },
  permission: {
    status: 403,
    code: 1640301,
    codeName: "APP_NO_PERMISSION",
    message: "App has no permission to the resource",
  },
  overRate: {
    status: 429,
    code: 1642903,
    codeName: "RATE_LIMIT_RESTRICTION",
    message: "API rate limit exceeded by resource strategy",
  },
  overConcurrency: {
    status: 429,
    code: 1642904,
    codeName: "CONCURRENCY_LIMIT_RESTRICTION",
    message: "Request concurrency exceeds",
  },
} as const satisfies Readonly<Record<string, GatewayError>>;

/** ESB answers everything under HTTP 200. */
const ESB_CODES: Readonly<Record<AccessProblem, number>> = {
  "not-json": 1306401,
  application: 1306401,
  user: 1306401,
  permission: 1306403,
};

export function gatewayError(kind: keyof typeof GATEWAY_ERRORS, switches: SopsSwitches): SandboxResponse {
  const { status, code, codeName, message } = GATEWAY_ERRORS[kind];
  return {
    status: switches.gatewayErrors === "as-200" ? 200 : status,
    headers: { "x-bkapi-error-code": String(code), "x-bkapi-error-message": message },
    body: { code, code_name: codeName, message, data: null, result: false },
  };
}

export function esbError(code: number, message: string, requestId: string): SandboxResponse {
  return { status: 200, body: { code, data: null, message, result: false, request_id: requestId } };
}

export function esbAccessError(problem: AccessProblem, requestId: string): SandboxResponse {
  const message = problem === "permission" ? "App has no permission" : "application or user is not verified";
  return esbError(ESB_CODES[problem], message, requestId);
}

/** One fixed window for all callers. */
export interface RateWindow {
  /** Counts the call; the headers come on allowed answers too. */
  take(switches: SopsSwitches): { readonly isOver: boolean; readonly headers: Readonly<Record<string, string>> };
  clear(): void;
}

export function createRateWindow(now: () => number): RateWindow {
  let window = -1;
  let calls = 0;

  return {
    take({ rateLimit, rateLimitCode }) {
      const { calls: limit, windowSeconds } = rateLimit ?? SHOWN_RATE_LIMIT;
      const current = Math.floor(now() / (windowSeconds * 1000));
      calls = current === window ? calls + 1 : 1;
      window = current;
      const isOver = rateLimit !== null && calls > limit;
      const leastLeft = rateLimit === null ? 1 : 0;
      const headers = {
        "x-bkapi-ratelimit-limit": String(limit),
        "x-bkapi-ratelimit-remaining": String(Math.max(leastLeft, limit - calls)),
      };
      // Nothing tells how long a limit of concurrency lasts.
      if (isOver && rateLimitCode === 1642904) return { isOver, headers };
      const resetSeconds = Math.ceil(((current + 1) * windowSeconds * 1000 - now()) / 1000);
      return { isOver, headers: { ...headers, "x-bkapi-ratelimit-reset": String(resetSeconds) } };
    },
    clear() {
      window = -1;
      calls = 0;
    },
  };
}
