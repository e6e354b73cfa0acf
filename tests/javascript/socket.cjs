// A socket as pages and apps open it, driven by lines of JSON: what it hears goes out, what it is to send comes in.
"use strict";

const { createInterface } = require("node:readline");
const { io } = require("socket.io-client");

const [address, options] = [process.argv[2], JSON.parse(process.argv[3])];
const tell = (...said) => process.stdout.write(JSON.stringify(said) + "\n");
const socket = io(address, { reconnection: false, ...options });

socket.on("connect", () => tell("connect", null));
socket.on("connect_error", (error) => tell("connect_error", error.message));
socket.on("disconnect", (reason) => tell("disconnect", reason));
socket.onAny((event, payload) => tell(event, payload));

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [event, payload] = JSON.parse(line);
  socket.emit(event, payload, (answer) => tell("ack", answer));
});
lines.on("close", () => {
  socket.close();
  process.exit(0);
});
