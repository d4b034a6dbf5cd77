// Serves the events of ../events.py behind the one that the client names as its last.
// usage: node server.mjs PORT

import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import { createSession } from "better-sse";

const LAST = 500;

function dataOf(number) {
  const lines = [`event ${number}`, "zweite Zeile: grüezi", "", "😀"];
  return lines.slice(0, 1 + (number % 4)).join("\n");
}

function typeOf(number) {
  return number % 7 === 0 ? "seventh" : "message";
}

createServer(async (request, response) => {
  const session = await createSession(request, response, {
    // It writes line ends as they are: each further line needs its field name.
    serializer: (text) => text.replaceAll("\n", "\ndata: "),
    keepAlive: 10, // Comments, between the events.
    retry: null, // The test has no time for a server's wishes.
  });
  let number = Number(session.lastId);
  while (session.isConnected && number < LAST) {
    number += 1;
    session.push(dataOf(number), typeOf(number), String(number));
    await setTimeout(2);
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
