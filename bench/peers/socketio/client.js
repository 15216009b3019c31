// Socket.IO's own client, driven by JSON lines: {open, url, player}, then {finish, published, within}.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const LAST_COPIES = 200; // ms for copies that are still on their way.
const now = () => Number(process.hrtime.bigint()) / 1e9; // The machine's monotonic clock.
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const receivers = new Map();

function open({ open: id, url, player }) {
  const socket = io(url, { transports: ["websocket"], auth: { player }, forceNew: true });
  const receiver = { socket, arrivals: [], seen: new Set(), connects: 0, recovered: 0 };
  receivers.set(id, receiver);
  socket.on("connect", () => {
    receiver.connects += 1;
    if (socket.recovered) receiver.recovered += 1;
    if (receiver.connects === 1) say({ opened: id });
  });
  socket.on("event", ({ n, at }) => {
    receiver.arrivals.push([n, at, now()]);
    receiver.seen.add(n);
  });
}

async function finish({ finish: id, published, within }) {
  const receiver = receivers.get(id);
  const deadline = now() + within;
  while (receiver.seen.size < published && now() < deadline) await pause(10);
  await pause(LAST_COPIES);
  receiver.socket.disconnect();
  receivers.delete(id);
  const { arrivals, connects, recovered } = receiver;
  say({ finished: id, arrivals, connects, recovered });
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const order = JSON.parse(line);
    if ("open" in order) open(order);
    else finish(order);
  })
  .on("close", () => process.exit(0));
console.log("ready at stdin");
