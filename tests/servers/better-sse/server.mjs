// Sends the events of ../events.py after the last one that the client names.
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
    // The library does not split the text into lines, so add the field name to each further line.
    serializer: (text) => text.replaceAll("\n", "\ndata: "),
    keepAlive: 10, // Milliseconds between comments.
    retry: null, // Otherwise the client would wait longer than the test.
  });
  let number = Number(session.lastId);
  while (session.isConnected && number < LAST) {
    number += 1;
    session.push(dataOf(number), typeOf(number), String(number));
    await setTimeout(2);
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
