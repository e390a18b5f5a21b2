import type { BkSopsAccount } from "./index.ts";

/** Where a call carries its credentials: in the header for the gateway, in the body for the ESB, never in both. */
export interface SopsCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyFields: Readonly<Record<string, string>>;
}

/** Nothing here can be renewed: app code and secret are fixed, user tokens come from a login. */
export function createSopsCredentials(
  account: Pick<BkSopsAccount, "style" | "appCode" | "appSecret" | "username" | "accessToken" | "bkToken">,
): SopsCredentials {
  const fields = {
    bk_app_code: account.appCode,
    bk_app_secret: account.appSecret.reveal(),
    ...(account.username !== undefined && { bk_username: account.username }),
    ...(account.accessToken && { access_token: account.accessToken.reveal() }),
    ...(account.bkToken && { bk_token: account.bkToken.reveal() }),
  };
  if (account.style === "esb") return { headers: {}, bodyFields: fields };
  return { headers: { "x-bkapi-authorization": asciiJson(fields) }, bodyFields: {} };
}

/** A header holds ASCII only, a user name may hold anything. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
