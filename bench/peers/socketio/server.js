// Socket.IO with its recovery on; publishes numbered, time-stamped events to one player on demand.
import { createServer } from "node:http";
import { Server } from "socket.io";

const now = () => Number(process.hrtime.bigint()) / 1e9; // The machine's monotonic clock.
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

async function publish({ player, rate, seconds }) {
  const count = Math.round(rate * seconds);
  const start = now();
  for (let n = 1; n <= count; n += 1) {
    const ahead = start + n / rate - now();
    if (ahead > 0) await pause(ahead);
    io.to(player).emit("event", { n, at: now() });
  }
  return { published: count };
}

const http = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const found = request.method === "POST" && request.url === "/bench/publish";
  response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(found ? await publish(JSON.parse(body)) : {}));
});
const io = new Server(http, {
  // Pings and their timeout stay at the defaults: 25 s and 20 s.
  connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
});
io.on("connection", (socket) => {
  socket.join(socket.handshake.auth.player);
});
http.listen(0, "127.0.0.1", () => {
  console.log(`listening at http://127.0.0.1:${http.address().port}`);
});
