// Does with Node's client of Cloud Storage what tests/clients/speaking.py asks, line by line.
import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

import { Storage } from "@google-cloud/storage";

const HOUR = 3600 * 1000;
const options = { apiEndpoint: process.argv[2], projectId: "unused" };
const client = new Storage(options);

async function content(stream) {
  return (await buffer(stream)).toString("base64");
}

const commands = {
  notifications: async (bucket) => (await client.bucket(bucket).getNotifications())[0].length,
  hmac: async (projectId) => (await client.getHmacKeys({ projectId }))[0].length,
  "make-hmac": (projectId) => client.createHmacKey("nobody@example.com", { projectId }),
  "make-bucket": (projectId, bucket) =>
    new Storage({ ...options, projectId }).createBucket(bucket, { enableObjectRetention: true }),
  list: async (bucket, matchGlob) => {
    const [files] = await client.bucket(bucket).getFiles({ matchGlob });
    return files.map((file) => file.name);
  },
  write: (bucket, name, path, chunk) => {
    const target = client.bucket(bucket).file(name).createWriteStream({ resumable: true, chunkSize: Number(chunk) });
    return pipeline(createReadStream(path), target);
  },
  read: (bucket, name, offset, length) => {
    const range = length === "-1" ? {} : { start: Number(offset), end: Number(offset) + Number(length) - 1 };
    return content(client.bucket(bucket).file(name).createReadStream(range));
  },
  "read-if": (bucket, name, generation) =>
    content(client.bucket(bucket).file(name, { generation: Number(generation) }).createReadStream()),
  "read-with-key": (bucket, name) =>
    content(client.bucket(bucket).file(name, { encryptionKey: Buffer.alloc(32) }).createReadStream()),
  compose: (bucket, name, ...sources) => client.bucket(bucket).combine(sources, name),
  hold: (bucket, name, held) => client.bucket(bucket).file(name).setMetadata({ temporaryHold: held === "on" }),
  retain: (bucket, name, mode) => {
    const retainUntilTime = new Date(Date.now() + HOUR).toISOString();
    return client.bucket(bucket).file(name).setMetadata({ retention: { mode, retainUntilTime } });
  },
  delete: (bucket, name) => client.bucket(bucket).file(name).delete(),
  sign: async (bucket, name, version, seconds, keyFile) => {
    const credentials = { client_email: "signer@example.com", private_key: readFileSync(keyFile, "utf8") };
    const file = new Storage({ ...options, credentials }).bucket(bucket).file(name);
    const expires = Date.now() + Number(seconds) * 1000;
    return (await file.getSignedUrl({ version: version.toLowerCase(), action: "read", expires }))[0];
  },
};

const VALUES = new Set(["notifications", "hmac", "list", "read", "read-if", "read-with-key", "sign"]);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = JSON.parse(line);
  let answer;
  try {
    const value = await commands[command](...words);
    answer = { value: VALUES.has(command) ? value : null };
  } catch (error) {
    answer = { error: `${error.code ?? ""} ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
