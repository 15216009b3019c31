/**
 * Digests of events, for clients that ask for them:
 *
 * ```ts
 * import { checkDigest } from "@dualwire/client/digest";
 * const connection = createConnection({ checkDigest });
 * ```
 *
 * A module of its own, so that nobody else loads it. Synchronous, because WebCrypto would answer later, and frames would lose their
 * order.
 */

/** The fractional parts of the square (and cube) roots of the first primes (FIPS 180-4). */
const [START, ROUNDS] = (() => {
  const fraction = (root: number) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((each) => n % each)) primes.push(n);
  return [
    primes.slice(0, 8).map((each) => fraction(Math.sqrt(each))),
    primes.map((each) => fraction(Math.cbrt(each))),
  ] as const;
})();

/** The SHA-256 of a text in UTF-8, in lower-case hexadecimal digits (FIPS 180-4). */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, bytes.length << 3);
  const hash = Int32Array.from(START);
  const words = new Int32Array(64);
  for (let block = 0; block < padded.length; block += 64) compress(hash, words, view, block);
  return [...hash].map((each) => (each >>> 0).toString(16).padStart(8, "0")).join("");
}

function compress(hash: Int32Array, words: Int32Array, view: DataView, block: number): void {
  const at = (list: ArrayLike<number>, index: number) => list[index] as number;
  const turn = (value: number, bits: number) => (value >>> bits) | (value << (32 - bits));
  for (let n = 0; n < 16; n += 1) words[n] = view.getInt32(block + 4 * n);
  for (let n = 16; n < 64; n += 1) {
    const early = at(words, n - 15);
    const late = at(words, n - 2);
    const low = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const high = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[n] = at(words, n - 16) + low + at(words, n - 7) + high;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
  for (let n = 0; n < 64; n += 1) {
    const choice = (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g));
    const first = (h + choice + at(ROUNDS, n) + at(words, n)) | 0;
    const second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((each, n) => {
    hash[n] = at(hash, n) + each;
  });
}

const LAST_KEY = ',"event":';

/**
 * Whether the digest of an event frame fits: it covers the raw text of the value of `event`, the
 * frame's last key. Before it stand only text and numbers, and in text a quote is escaped, so the
 * first place that looks like that key is it.
 *
 * @param text the whole frame
 * @param digest its `digest`
 */
export function checkDigest(text: string, digest: unknown): boolean {
  const at = text.indexOf(LAST_KEY);
  return at >= 0 && sha256(text.slice(at + LAST_KEY.length, -1)) === digest;
}
