import { expect, test } from "vitest";
import { CODES, codeFor } from "../src/codes.js";
import { broken, closedWith, type Ending, farewell } from "../src/ended.js";
import { refusal } from "../src/refusal.js";

test("a goodbye says why, for a person and for a program", () => {
  const bye = { code: 4409, reason: "session_replaced", message: "Elsewhere.", reconnect: false };

  expect(farewell(bye)).toEqual({ code: codeFor(4409), message: "Elsewhere.", retryAfter: null });
  expect(farewell({ code: 4005, retry_after: 3 })).toMatchObject({ retryAfter: 3 });
  expect(farewell({})).toMatchObject({ code: codeFor(1006) });
});

test("a close frame may say when to come back", () => {
  expect(closedWith(4005, "rate_limited retry_after=2.5")).toEqual({
    code: codeFor(4005),
    message: codeFor(4005).reason,
    retryAfter: 2.5,
  });
  expect(closedWith(1000, "").retryAfter).toBeNull();
});

test("an unknown code of a peer may be tried again", () => {
  expect(codeFor(4801, "banned")).toMatchObject({ name: "banned", reconnect: true });
  expect(codeFor(3000)).toMatchObject({ name: "peer_code" });
  expect(codeFor(1005)).toBe(CODES.get(1000));
  expect(CODES.size).toBeGreaterThan(10);
});

test("what broke says how", () => {
  expect(broken("Gone.")).toMatchObject({ message: "Gone.", code: { reconnect: true } });
});

const NOW = Date.UTC(2026, 0, 1);

function refused(status: number, body: string, retryAfter?: string): Ending {
  const headers = new Headers(retryAfter === undefined ? {} : { "Retry-After": retryAfter });
  return refusal({ status, headers }, body, NOW);
}

test("a refusal of our server is believed", () => {
  const error = { type: "forbidden", message: "Not here.", details: { code: 4403 } };

  expect(refused(403, JSON.stringify({ error }))).toMatchObject({
    code: codeFor(4403),
    message: "Not here.",
  });
  const named = JSON.stringify({ error: { message: "", details: { code: 4409 } } });
  expect(refused(409, named).code).toBe(codeFor(4409));
});

test("what something between says is no reason to leave", () => {
  expect(refused(403, "<html>")).toMatchObject({
    code: codeFor(1006),
    message: "HTTP status 403",
  });
  expect(refused(401, "").code).toBe(codeFor(4401));
  expect(refused(429, "{}", "5")).toMatchObject({ code: codeFor(4005), retryAfter: 5 });
  expect(refused(503, "", new Date(NOW + 4000).toUTCString()).retryAfter).toBe(4);
  expect(refused(503, "", "soon").retryAfter).toBeNull();
});
