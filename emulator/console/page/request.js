// The request of a prediction, also as a command line.

const LONGEST_ARGUMENT = 100_000; // bytes; Linux takes 128 KiB

/** The path that predicts with a version. */
export function pathOf(version) {
  const encoded = version.split("/").map((part) => encodeURIComponent(part).replace(/[!'()*]/g, percent));
  return `/v1/${encoded.join("/")}:predict`;
}

/** The body: one instance as JSON text, sent as it is written, and the signature's name unless it is empty. */
export function bodyOf(instance, signature) {
  const name = signature ? `, "signature_name": ${JSON.stringify(signature)}` : "";
  return `{"instances": [${instance.trim()}]${name}}`;
}

/**
 * The command that sends a body to a version. It is the same text for sh, bash, zsh, fish and csh: a single-quoted body has
 * neither quotes, exclamation marks nor double backslashes (JSON can write all of them as \uXXXX), and nothing that a
 * terminal acts on. A token is not part of it: the shell reads it from `TF2_MODELS_TOKEN`.
 */
export function asCurl(origin, version, body, hasToken) {
  const text = quoted(plain(body));
  const words = ["curl", quoted(origin + pathOf(version)), "-H", quoted("Content-Type: application/json")];
  if (hasToken) words.push("-H", '"Authorization: Bearer $TF2_MODELS_TOKEN"');
  if (new Blob([text]).size < LONGEST_ARGUMENT) return [...words, "--data-raw", text].join(" ");
  return `printf %s ${text} | ${[...words, "--data-binary", "@-"].join(" ")}`; // printf is a builtin in all but csh: no limit
}

/** The same JSON on one line, without characters that a shell or a terminal acts on. */
function plain(json) {
  const special = /\\[^]|['!]|[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
  return json.replace(/[\t\r\n]+/g, " ").replace(special, (found) => {
    if (found === "\\\\") return "\\u005c";
    return found.startsWith("\\") ? found : escaped(found);
  });
}

const escaped = (text) =>
  [...Array(text.length).keys()].map((place) => `\\u${text.charCodeAt(place).toString(16).padStart(4, "0")}`).join("");

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const percent = (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
