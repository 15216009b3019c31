import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkDigest, sha256 } from "../src/digest.js";

const reference = (text: string) => createHash("sha256").update(text).digest("hex");

test("it is SHA-256", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
      expect(sha256(text)).toBe(reference(text));
    }),
  );
  for (const length of [55, 56, 63, 64, 65, 119, 120, 100_000]) {
    expect(sha256("x".repeat(length)), `${length} bytes`).toBe(reference("x".repeat(length)));
  }
});

test("it covers the raw text of the last key", () => {
  const raw = '{"text": "ä",  "n":1.0}';
  const stream = JSON.stringify('room:,"event":');
  const frame = `{"type":"event","stream":${stream},"offset":1,"digest":"…","event":${raw}}`;

  expect(checkDigest(frame, reference(raw))).toBe(true);
  expect(checkDigest(frame.replace("ä", "a"), reference(raw))).toBe(false);
  expect(checkDigest("{}", reference(raw))).toBe(false);
});
