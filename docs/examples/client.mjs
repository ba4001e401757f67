// A first conversation with Idiolect, in Node.js (18 or newer). From the repository's folder:
//
//     npm install --no-save @grpc/grpc-js @grpc/proto-loader
//     node docs/examples/client.mjs 127.0.0.1:50051
//
// The .proto files are loaded when the program starts; nothing is generated.
import { createHash, randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const address = process.argv[2] ?? "127.0.0.1:50051";
const protos = fileURLToPath(new URL("../../proto", import.meta.url));
const definition = await protoLoader.load(
  ["idiolect/v1/dialogue.proto", "idiolect/v1/history.proto", "idiolect/v1/profile.proto",
   "google/rpc/status.proto", "google/rpc/error_details.proto"],
  // longs as strings: revisions and seeds are 64 bits wide, which a number is not.
  { includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true },
);
const { idiolect } = grpc.loadPackageDefinition(definition);
const credentials = grpc.credentials.createInsecure();
const dialogue = new idiolect.v1.DialogueService(address, credentials);
const history = new idiolect.v1.HistoryService(address, credentials);
const profile = new idiolect.v1.ProfileService(address, credentials);

// Metadata for calls about `user`: with it a proxy in front of several servers finds the one that knows the user.
function routed(user) {
  const metadata = new grpc.Metadata();
  metadata.set("x-idiolect-route", createHash("sha256").update(user).digest("hex").slice(0, 16));
  return metadata;
}

// A unary call as a promise, with a deadline: without one it waits as long as it takes.
const deadline = () => new Date(Date.now() + 30_000);
const call = (client, method, request) =>
  new Promise((resolve, reject) =>
    client[method](request, routed(request.user_id), { deadline: deadline() },
      (error, response) => (error ? reject(error) : resolve(response))));

// The fields that an INVALID_ARGUMENT names.
function violations(error) {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!bytes) return [];
  const decode = (type, value) => definition[type].deserialize(value);
  return decode("google.rpc.Status", bytes)
    .details.filter((detail) => detail.type_url.endsWith("/google.rpc.BadRequest"))
    .flatMap((detail) => decode("google.rpc.BadRequest", detail.value).field_violations);
}

const user_id = "example-node";

// What the user said: durable once the call returns. The request id makes it safe to repeat.
let revision;
for (const [post, response] of [
  ["how was the concert?", "dude it was sooo loud, loved it"],
  ["coffee?", "always. dude. always."],
  ["did you finish the report?", "nope, tomorrow. promise!"],
]) {
  const exchange = { post, response, source: "example" };
  ({ revision } = await call(history, "AppendExchange", { user_id, exchange, request_id: randomUUID() }));
}

// A reply, built from a history that holds at least what was just appended.
const post = "are you coming tonight?";
const reply = await call(dialogue, "GenerateReply", {
  user_id, post, explain: true, min_revision: revision, decoding: { temperature: 0.8, top_p: 0.9, seed: "7" },
});
const [best] = reply.candidates;
console.log("reply:", best.text);
for (const token of best.explanation) {
  const sources = token.sources.map((source) => `exchange ${source.exchange_id} ${source.weight.toFixed(2)}`);
  console.log(`  ${token.text}  copied with probability ${token.copy_probability.toFixed(2)}  ${sources.join(", ")}`);
}

// The same as a stream: text as it is decoded, the summary last.
process.stdout.write("stream: ");
for await (const message of dialogue.StreamReply({ user_id, post }, routed(user_id), { deadline: deadline() })) {
  if (message.summary) console.log(`   (revision ${message.summary.profile_revision})`);
  else process.stdout.write(message.text);
}

// Which of these sounds like the user?
const candidates = ["I regret that I shall be unable to attend.", "dude always, promise!", "Yes."];
const scores = await call(dialogue, "ScoreReplies", { user_id, post, candidates });
for (const { index, score } of scores.replies) console.log(`score ${score.toFixed(3)}  ${candidates[index]}`);

// What the model makes of the user.
const { vocabulary } = await call(profile, "GetProfile", { user_id, vocabulary_size: 5 });
console.log("vocabulary:", vocabulary.map(({ word, weight }) => `${word} ${weight.toFixed(2)}`).join(", "));

// Errors name their fields.
try {
  await call(dialogue, "GenerateReply", { user_id: "", decoding: { top_k: -1 } });
} catch (error) {
  console.log(grpc.status[error.code], violations(error));
}

const receipt = await call(history, "EraseUser", { user_id, request_id: randomUUID() });
console.log("erased:", receipt.exchanges_erased, "exchanges");
for (const client of [dialogue, history, profile]) client.close();
