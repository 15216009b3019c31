// A page without a framework, on the application in examples/existing_fastapi.

import { createConnection } from "@dualwire/client";

const part = (id) => document.getElementById(id);

async function fetchToken() {
  const { name, password } = Object.fromEntries(new FormData(part("login")));
  const response = await fetch("/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password }),
  });
  if (!response.ok) throw new Error((await response.json()).detail);
  return (await response.json()).token;
}

function write(text) {
  const line = document.createElement("li");
  line.textContent = text;
  part("said").append(line);
}

// A fresh token is fetched whenever the old one no longer serves.
const connection = createConnection({ token: fetchToken });
connection.on("event", ({ event }) => write(`${event.from}: ${event.text}`));
connection.on("gap", ({ stream }) => write(`Something was missed in ${stream}.`));
connection.on("ended", ({ message }) => write(message));
connection.subscribe(() => {
  const { status, connections } = connection.getSnapshot();
  const { websocket, sse } = connections;
  part("state").textContent = `${status}: WebSocket ${websocket.state}, event stream ${sse.state}`;
});

part("login").onsubmit = async (event) => {
  event.preventDefault();
  try {
    await connection.connect();
    part("login").hidden = true;
    part("say").hidden = false;
  } catch (error) {
    write(error.message);
  }
};

part("say").onsubmit = async (event) => {
  event.preventDefault();
  const { text } = Object.fromEntries(new FormData(event.target));
  event.target.reset();
  const { outcome, reason } = await connection.sendCommand({ type: "say", text });
  if (outcome !== "done") write(`Not said, or nobody knows: ${reason}`);
};
