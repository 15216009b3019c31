// Socket.IO with its defaults, WebSockets only: broadcasts what is POSTed.
import { createServer } from "node:http";
import { Server } from "socket.io";

const padding = "x".repeat(155);

const http = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/drive") {
    const players = Number(url.searchParams.get("players"));
    for (let round = Number(url.searchParams.get("rounds")); round > 0; round -= 1) {
      for (let n = 0; n < players; n += 1) {
        const at = process.hrtime.bigint().toString().padStart(19, "0");
        io.to(`p${n}`).emit("event", { type: "chat", m: `T=${at};${padding}` });
      }
      await new Promise(setImmediate);
    }
  } else {
    let body = "";
    for await (const chunk of request) body += chunk;
    const player = url.searchParams.get("player");
    io.to(player ?? "hall").emit("event", JSON.parse(body));
  }
  response.writeHead(204).end();
});
const io = new Server(http, { serveClient: false, perMessageDeflate: false });
io.on("connection", (socket) => {
  socket.join("hall");
  socket.join(socket.handshake.query.player);
});
http.listen(0, "127.0.0.1", 4096, () => {
  console.log(`listening at ${http.address().port}`);
});
