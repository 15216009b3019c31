import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTokens, expiresAt } from "../src/tokens.js";
import { fakeTime, pass, World } from "./world.js";

beforeEach(fakeTime);
afterEach(() => void vi.useRealTimers());

function token(seconds: number): string {
  const claims = { sub: "ann", exp: Date.now() / 1000 + seconds };
  return `h.${btoa(JSON.stringify(claims)).replace(/=+$/, "")}.s`;
}

test("both connections ask at once, and it is one fetch", async () => {
  const fetch = vi.fn(async () => "one");
  const tokens = createTokens(fetch, new World().tab(), vi.fn());

  expect(await Promise.all([tokens.current(), tokens.current()])).toEqual(["one", "one"]);
  expect(await tokens.current()).toBe("one");
  expect(fetch).toHaveBeenCalledTimes(1);
});

test("a refused token is fetched anew once; a second refusal is final until one is accepted", async () => {
  let n = 0;
  const tokens = createTokens(() => String(++n), new World().tab(), vi.fn());
  await tokens.current();

  expect(tokens.refused("1")).toBe(true);
  expect(tokens.refused("1"), "the other connection had the same").toBe(true);
  expect(await tokens.current()).toBe("2");
  expect(tokens.refused("2")).toBe(false);
  tokens.accepted();
  expect(tokens.refused("2")).toBe(true);
});

test("a token that was given once cannot be fetched anew", async () => {
  const tokens = createTokens("given", new World().tab(), vi.fn());

  expect(await tokens.current()).toBe("given");
  expect(tokens.refused("given")).toBe(false);
  tokens.forget();
  expect(await tokens.current()).toBe("given");
  expect(await createTokens(undefined, new World().tab(), vi.fn()).current()).toBeNull();
});

test("the server gets a fresh token before the old one expires", async () => {
  const send = vi.fn(async () => {});
  const source = vi.fn(() => token(300));
  const tokens = createTokens(source, new World().tab(), send);
  await tokens.current();
  tokens.startRefreshing();
  await pass(269);
  expect(send).not.toHaveBeenCalled();
  await pass(2);

  expect(send).toHaveBeenCalledWith({ type: "refresh", token: expect.any(String) });
  await pass(300);
  expect(send).toHaveBeenCalledTimes(2);
  tokens.stopRefreshing();
  await pass(1000);
  expect(send).toHaveBeenCalledTimes(2);
});

test("a refresh that fails is tried again", async () => {
  const send = vi.fn().mockRejectedValueOnce(new Error("offline")).mockResolvedValue(null);
  const tokens = createTokens(() => token(60), new World().tab(), send);
  await tokens.current();
  tokens.startRefreshing();
  await pass(49);
  expect(send).toHaveBeenCalledTimes(1);
  await pass(5);

  expect(send).toHaveBeenCalledTimes(2);
  tokens.stopRefreshing();
});

test("when a token expires is read, if it says so", () => {
  expect(expiresAt(token(5))).toBeCloseTo(Date.now() / 1000 + 5);
  expect(expiresAt("opaque")).toBeNull();
  expect(expiresAt("a.!.c")).toBeNull();
});
