import { noTaskOverrides, type TaskOverrideSwitches } from "../row-faults.ts";

export type FeishuSwitches = TaskOverrideSwitches & {
  /** Of the answer for an unknown task or one of another tenant; the vendor's is unknown. */
  unknownTaskStatus: 200 | 400 | 404;
  /** Outside the vendor's ranges on purpose. */
  unknownTaskCode: number;
  /** HTTP status of refused tokens. */
  tokenErrorStatus: 400 | 200 | 401;
  wrongSecretCode: 10014 | 10015;
  /** Whether the application was granted the contact permissions. */
  scopeGranted: boolean;
  rateLimit: "off" | "on";
  /** Per application and tenant. */
  rateLimitPerSecond: number;
  rateLimitPerMinute: number;
  rateLimitStatus: 429 | 400;
  /** Whether `x-ogw-ratelimit-limit` and `-reset` come with the refusal. */
  rateLimitHeaders: boolean;
  /** The last status of tasks that ended: null lets most end at 9 and a few at 10; 8 is the complete one of the samples. */
  endStatus: null | 8 | 10 | 11 | 12;
  /** From which status on `finish_time` and `task_info` are there. */
  finishFieldsFrom: "8-complete" | "9";
  /** `finish_time: 0` while the task runs. */
  zeroFinishTimeWhileRunning: boolean;
  tokenLifeSeconds: number;
  /** Every token is refused as expired, although the token endpoint goes on handing the same one out. */
  refuseTokens: boolean;
  /** Every permitted task call gets this body under HTTP 200. */
  refuseWith: unknown;
};

export function defaultFeishuSwitches(): FeishuSwitches {
  return {
    ...noTaskOverrides(),
    unknownTaskStatus: 200,
    unknownTaskCode: 900404,
    tokenErrorStatus: 400,
    wrongSecretCode: 10014,
    scopeGranted: true,
    rateLimit: "off",
    rateLimitPerSecond: 50,
    rateLimitPerMinute: 1000,
    rateLimitStatus: 429,
    rateLimitHeaders: true,
    endStatus: null,
    finishFieldsFrom: "8-complete",
    zeroFinishTimeWhileRunning: false,
    tokenLifeSeconds: 7200,
    refuseTokens: false,
    refuseWith: null,
  };
}
