// Requests: by HTTP, and subscriptions by server-sent events or over a WebSocket.

// Sends a request and answers its body.
export async function ask(url, headers, body, signal) {
  const accept = "application/graphql-response+json, application/json;q=0.9";
  return (await post(url, headers, body, accept, signal)).json();
}

// Runs a request. `tell` gets each answer, as a text; what comes of it in the end is answered.
export async function run(url, headers, body, signal, tell) {
  const response = await post(url, headers, body, "text/event-stream, application/graphql-response+json;q=0.9", signal);
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) await readEvents(response, tell);
  else tell(await response.text());
  return { text: `${response.status} ${response.statusText}`, isBad: !response.ok };
}

function post(url, headers, body, accept, signal) {
  const all = { ...headers, "content-type": "application/json", accept };
  return fetch(url, { method: "POST", headers: all, body: JSON.stringify(body), signal });
}

// Of several results at once each is told: a query is one, in the same form.
async function readEvents(response, tell) {
  let rest = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (rest + part.value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data: "))?.slice(6);
      if (data) tell(data);
    }
  }
}

// As `run`, by the protocol `graphql-transport-ws`. A browser sends no headers with a WebSocket, so that they go into the first message.
export function runOverSocket(url, headers, body, signal, tell) {
  const address = new URL(url, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  socket.addEventListener("open", () => send({ type: "connection_init", payload: headers }));
  return new Promise((resolve) => {
    const end = (text, isBad) => {
      resolve({ text, isBad });
      socket.close(1000);
    };
    signal.addEventListener("abort", () => end("stopped", false));
    socket.addEventListener("close", (event) => end(`closed ${event.code} ${event.reason}`, event.code !== 1000));
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: body });
      if (message.type === "ping") send({ type: "pong" });
      if (message.type === "next") tell(JSON.stringify(message.payload));
      if (message.type === "complete") end("complete", false);
      if (message.type === "error") {
        tell(JSON.stringify({ errors: message.payload }));
        end("ended with an error", true);
      }
    });
  });
}
