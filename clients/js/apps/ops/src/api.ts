/** What the node tells, and what an operator can do: the shapes of `/monitoring/ops` and others. */

export interface Times {
  count: number;
  p50: number | null;
  p99: number | null;
  max: number | null;
}

export interface Kind {
  open: number;
  degraded: number;
  opened: number;
  round_trip_ms: Times;
  establishment_ms: Times;
}

export interface Arm {
  players: number;
  opened: number;
  closed: number;
  outages: number;
  hidden_failovers: number;
  hidden_percentage: number | null;
  losses: number;
  stalls: number;
  takeovers: number;
  replaced: number;
}

export interface Timeline {
  at: number[];
  websocket: number[];
  sse: number[];
  published: number[];
  deliveries: number[];
  closed: number[];
  hidden_failovers: number[];
  outages: number[];
  losses: number[];
  errors: number[];
  loop_lag: number[];
}

export interface Happening {
  at: number;
  type: string;
  what: string;
  detail: string;
}

export interface Overview {
  timestamp: number;
  node: {
    id: string;
    version: string;
    ready: boolean;
    uptime_seconds: number | null;
    memory_bytes: number | null;
    loop_lag_ms: Times;
  };
  players: {
    online: number;
    connected: number;
    dual: number;
    websocket_only: number;
    sse_only: number;
  };
  connections: { websocket: Kind; sse: Kind };
  delivery: {
    published: number;
    frames: number;
    written_ms: Times;
    acknowledged_ms: Times;
    waiting_bytes: number;
    lag_max: number;
  };
  totals: {
    hidden_failovers: number;
    outages: number;
    takeovers: number;
    losses: number;
    refused: number;
    errors: number;
  };
  closes: { type?: string; code: string; count: number }[];
  refusals: { type?: string; code: string; count: number }[];
  errors: { where?: string; class: string; count: number }[];
  rooms: { total: number; top: { room: string; players: number }[] };
  slowest: { player: string; waiting_bytes: number; lag: number; degraded: number }[];
  recent: (Happening & { player: string })[];
  rollout: {
    flag: { enabled: boolean; percentage: number; allow: string[]; deny: string[] } | null;
    arms: { on: Arm; off: Arm };
  };
  timeline: Timeline;
}

export interface Connection {
  connection_id: string;
  type: string;
  encoding: string;
  state: string;
  health: string;
  established_at: number;
  last_seen: number;
  round_trip_ms: number | null;
  waiting_bytes: number;
}

export interface Player {
  player_id: string;
  online: boolean;
  connected_at: number | null;
  arm: string | null;
  rooms: string[];
  acknowledged_lag: Record<string, number>;
  connections: Connection[];
  history: (Happening & { connection_id: string })[];
  timestamp: number;
}

/** The node said no, or said nothing. */
export class Refused extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 if no answer came. */
    readonly status: number,
  ) {
    super(message);
  }
}

const KEY = "dualwire.ops.key";

/** The operator's key, kept for this tab only. */
export const key = {
  get: (): string => sessionStorage.getItem(KEY) ?? "",
  set: (value: string): void => sessionStorage.setItem(KEY, value),
  forget: (): void => sessionStorage.removeItem(KEY),
};

// The page is at /ops/ of whatever path the endpoints are mounted at.
const ROOT = "..";

async function ask<T>(path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = {};
  if (key.get()) headers["X-API-Key"] = key.get();
  if (body) headers["Content-Type"] = "application/json";
  const init: RequestInit = { headers, credentials: "omit", cache: "no-store" };
  if (body) Object.assign(init, { method: "POST", body: JSON.stringify(body) });
  let response: Response;
  try {
    response = await fetch(`${ROOT}${path}`, init);
  } catch {
    throw new Refused("The node does not answer.", 0);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(told(answer) ?? `HTTP ${response.status}`, response.status);
  return answer as T;
}

function told(answer: unknown): string | undefined {
  const error = (answer as { error?: { message?: unknown } } | null)?.error;
  return typeof error?.message === "string" ? error.message : undefined;
}

export const overview = (): Promise<Overview> => ask("/monitoring/ops");

export const player = (id: string): Promise<Player> =>
  ask(`/monitoring/players/${encodeURIComponent(id)}`);

export const REVOKED = 4410;

/** End one connection; its client opens another. */
export const cut = (connectionId: string): Promise<unknown> =>
  ask("/api/admin/disconnect", { connection_id: connectionId, code: 4003 });

/** End a player's session: logged out, or revoked. */
export const endSession = (playerId: string, code?: number): Promise<unknown> =>
  ask("/api/admin/disconnect", { player_id: playerId, ...(code ? { code } : {}) });
