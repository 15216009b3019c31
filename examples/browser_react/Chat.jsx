// -- docs chat --
import { useGameConnection } from "@dualwire/react";
import { useState } from "react";

export function Chat({ token }) {
  const [lines, setLines] = useState([]);
  const write = (line) => setLines((before) => [...before, line]);
  const { isConnected, websocketConnected, sseConnected, sendCommand, ended } = useGameConnection({
    authToken: token,
    onEvent: ({ from, text }) => write(`${from}: ${text}`),
    onGap: ({ stream }) => write(`Something was missed in ${stream}.`),
  });

  async function say(event) {
    event.preventDefault();
    const { text } = Object.fromEntries(new FormData(event.target));
    event.target.reset();
    const { outcome, reason } = await sendCommand({ type: "say", text });
    if (outcome !== "done") write(`Not said, or nobody knows: ${reason}`);
  }

  if (ended !== null) return <p role="alert">{ended.message}</p>;
  return (
    <>
      <p role="status">
        {isConnected ? "connected" : "not connected"}: WebSocket {websocketConnected ? "open" : "closed"},
        event stream {sseConnected ? "open" : "closed"}
      </p>
      <ol role="log" aria-label="What was said">
        {lines.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ol>
      <form onSubmit={say}>
        <label>
          Say <input name="text" autoComplete="off" required />
        </label>
        <button>Send</button>
      </form>
    </>
  );
}
// -- end --
