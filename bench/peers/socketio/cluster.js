// Three processes of Socket.IO on one port, with the Redis Streams adapter: broadcasts what is
// POSTed to any of them. WebSockets only, so no request needs to come back to the same process.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const padding = "x".repeat(155);
const [, , redisUrl, workers] = process.argv;

if (cluster.isPrimary) {
  let listening = 0;
  cluster.on("listening", (_, address) => {
    listening += 1;
    if (listening === Number(workers)) {
      const pids = Object.values(cluster.workers).map((each) => each.process.pid);
      console.log(`listening at ${address.port} by ${pids.join(",")}`);
    }
  });
  for (let n = 0; n < Number(workers); n += 1) cluster.fork();
  process.on("SIGTERM", () => {
    for (const each of Object.values(cluster.workers)) each.process.kill();
    process.exit(0);
  });
} else {
  const redis = createClient({ url: redisUrl });
  await redis.connect();
  const http = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname === "/tell") {
      // 16 to a turn, so that what comes in has its turn as well.
      for (let left = Number(url.searchParams.get("events")); left > 0; left -= 1) {
        const at = process.hrtime.bigint().toString().padStart(19, "0");
        io.to("hall").emit("event", { type: "chat", m: `T=${at};${padding}` });
        if (left % 16 === 0) await new Promise(setImmediate);
      }
    } else {
      let body = "";
      for await (const chunk of request) body += chunk;
      io.to("hall").emit("event", JSON.parse(body));
    }
    response.writeHead(204).end();
  });
  const io = new Server(http, {
    serveClient: false,
    perMessageDeflate: false,
    transports: ["websocket"],
    adapter: createAdapter(redis),
  });
  io.on("connection", (socket) => socket.join("hall"));
  http.listen(0, "127.0.0.1", 4096);
}
