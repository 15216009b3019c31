// Bun's own server: uWebSockets with publish and subscribe. Everybody is in one topic, and each
// player in one of their own.
const topics = (url) => ["hall", `player:${url.searchParams.get("player")}`];
const padding = "x".repeat(155);

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request, self) {
    const url = new URL(request.url);
    if (url.pathname === "/ws") {
      const upgraded = self.upgrade(request, { data: { topics: topics(url) } });
      return upgraded ? undefined : new Response(null, { status: 400 });
    }
    if (url.pathname === "/drive") {
      const players = Number(url.searchParams.get("players"));
      for (let round = Number(url.searchParams.get("rounds")); round > 0; round -= 1) {
        for (let n = 0; n < players; n += 1) {
          const at = process.hrtime.bigint().toString().padStart(19, "0");
          const event = JSON.stringify({ type: "chat", m: `T=${at};${padding}` });
          self.publish(`player:p${n}`, event);
        }
        await new Promise(setImmediate);
      }
      return new Response(null, { status: 204 });
    }
    const player = url.searchParams.get("player");
    const event = JSON.parse(await request.text());
    self.publish(player === null ? "hall" : `player:${player}`, JSON.stringify(event));
    return new Response(null, { status: 204 });
  },
  websocket: {
    perMessageDeflate: false,
    backpressureLimit: 16 * 1024 * 1024,
    open(socket) {
      for (const topic of socket.data.topics) socket.subscribe(topic);
    },
    message() {},
  },
});
console.log(`listening at ${server.port}`);
