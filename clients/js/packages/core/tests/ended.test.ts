import { expect, test } from "vitest";
import { CODES, codeFor } from "../src/codes.js";
import { broken, closedWith, farewell } from "../src/ended.js";
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

test("a refusal of our server is believed", () => {
  const error = { type: "forbidden", message: "Not here.", details: { code: 4403 } };

  expect(refusal(403, JSON.stringify({ error }), null, NOW)).toMatchObject({
    code: codeFor(4403),
    message: "Not here.",
  });
  const named = JSON.stringify({ error: { type: "session_replaced", message: "" } });
  expect(refusal(409, named, null, NOW).code).toBe(codeFor(4409));
});

test("what something between says is no reason to leave", () => {
  expect(refusal(403, "<html>", null, NOW)).toMatchObject({
    code: codeFor(1006),
    message: "HTTP status 403",
  });
  expect(refusal(401, "", null, NOW).code).toBe(codeFor(4401));
  expect(refusal(429, "{}", "5", NOW)).toMatchObject({ code: codeFor(4005), retryAfter: 5 });
  expect(refusal(503, "", new Date(NOW + 4000).toUTCString(), NOW).retryAfter).toBe(4);
  expect(refusal(503, "", "soon", NOW).retryAfter).toBeNull();
});
