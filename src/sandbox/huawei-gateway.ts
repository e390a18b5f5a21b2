import type { IdentityRefusal } from "./huawei-identity.ts";
import type { SandboxEnvironment, SandboxResponse } from "./upstream.ts";

/** Switch: every call past `perSecond` within one second of the clock is refused. Zero refuses every call. */
export interface Throttle {
  readonly perSecond: number;
  /** Sent as `Retry-After`; absent or null: no such header. */
  readonly retryAfterSeconds?: number | null;
}

/** Switch: the next `calls` calls (absent: all calls until switched off) get this answer, whatever they ask. */
export interface ForcedAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly calls?: number;
}

export interface CallMeter {
  /** Counts one call and tells whether it is past the limit. */
  isOver(throttle: Throttle): boolean;
  reset(): void;
}

/** The answer of the API gateway before a product sees the call. */
export function gatewayError(
  environment: SandboxEnvironment,
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): SandboxResponse {
  return { status, headers, body: { error_code: code, error_msg: message, request_id: requestId(environment) } };
}

/** 404 here means a wrong endpoint, never a missing task. */
export function noSuchApi(environment: SandboxEnvironment): SandboxResponse {
  return gatewayError(
    environment,
    404,
    "APIGW.0101",
    "The API does not exist or has not been published in the environment",
  );
}

export function identityError(environment: SandboxEnvironment, refusal: IdentityRefusal): SandboxResponse {
  return refusal.cause === "other-region"
    ? gatewayError(environment, 401, "APIGW.0307", refusal.message)
    : gatewayError(environment, 401, "APIGW.0301", `Incorrect IAM authentication information: ${refusal.message}`);
}

export function throttledByGateway(environment: SandboxEnvironment, throttle: Throttle): SandboxResponse {
  const policy = `policy user over ratelimit,limit:${throttle.perSecond},time:1 second`;
  const message = `The throttling threshold has been reached: ${policy}`;
  return gatewayError(environment, 429, "APIGW.0308", message, retryAfterHeader(throttle));
}

export function retryAfterHeader(throttle: Throttle): Readonly<Record<string, string>> {
  const seconds = throttle.retryAfterSeconds ?? null;
  return seconds === null ? {} : { "Retry-After": String(seconds) };
}

export function createCallMeter(now: () => number): CallMeter {
  let second = -1;
  let calls = 0;
  return {
    isOver(throttle) {
      const current = Math.floor(now() / 1000);
      calls = current === second ? calls + 1 : 1;
      second = current;
      return calls > throttle.perSecond;
    },
    reset() {
      second = -1;
      calls = 0;
    },
  };
}

/** Takes the forced answer if one is switched on, and counts its calls down. */
export function takeForcedAnswer(switches: { refuseWith: ForcedAnswer | null }): SandboxResponse | null {
  const forced = switches.refuseWith;
  if (forced === null) return null;
  if (forced.calls !== undefined) {
    switches.refuseWith = forced.calls > 1 ? { ...forced, calls: forced.calls - 1 } : null;
  }
  return { status: forced.status, headers: forced.headers ?? {}, body: forced.body };
}

function requestId(environment: SandboxEnvironment): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(environment.random() * 16).toString(16));
  return digits.join("");
}
