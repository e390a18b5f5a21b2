/** The vendor hands the same token out again while it has at least this long to live. */
const SAME_TOKEN_MIN_LEFT_MS = 30 * 60 * 1000;

export interface IssuedToken {
  readonly token: string;
  /** Whole seconds left, as the endpoint reports them. */
  readonly expiresInSeconds: number;
}

/** The tenant access tokens that are out, each bound to one application of one tenant. */
export interface TokenStore {
  issue(appId: string, lifeSeconds: number): IssuedToken;
  /** The application a token was issued to; null when it is unknown or over. */
  ownerOf(token: string): string | null;
  revokeAll(): void;
}

interface HeldToken {
  readonly token: string;
  readonly appId: string;
  readonly expiresAt: number;
}

export function createTokenStore(now: () => number, random: () => number): TokenStore {
  const byToken = new Map<string, HeldToken>();
  const newestByApp = new Map<string, HeldToken>();
  // A repeating source of chance must not repeat a token: the number alone makes it new.
  let issued = 0;

  const create = (appId: string, lifeSeconds: number): HeldToken => {
    issued += 1;
    const chance = Math.floor(random() * 2 ** 32).toString(16);
    const held = {
      token: `t-${chance}${issued.toString(16).padStart(24, "0")}`,
      appId,
      expiresAt: now() + lifeSeconds * 1000,
    };
    byToken.set(held.token, held);
    newestByApp.set(appId, held);
    return held;
  };

  return {
    issue(appId, lifeSeconds) {
      for (const [token, held] of byToken) if (held.expiresAt <= now()) byToken.delete(token);
      const newest = newestByApp.get(appId);
      const isFresh = newest !== undefined && newest.expiresAt - now() >= SAME_TOKEN_MIN_LEFT_MS;
      const { token, expiresAt } = isFresh ? newest : create(appId, lifeSeconds);
      return { token, expiresInSeconds: Math.floor((expiresAt - now()) / 1000) };
    },
    ownerOf(token) {
      const held = byToken.get(token);
      return held !== undefined && held.expiresAt > now() ? held.appId : null;
    },
    revokeAll() {
      byToken.clear();
      newestByApp.clear();
    },
  };
}
