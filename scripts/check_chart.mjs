// check_chart.mjs FOLDER: reads manifests from standard input and checks each against Kubernetes' own schema of its kind. What
// the schema can't tell, fields that there are not, a TypeScript program in FOLDER will tell: check-chart compiles it. The
// files of ConfigMaps are written into FOLDER too, and the proxy's variables as proxy.env. FOLDER/node_modules holds
// kubernetes-models and yaml.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const load = (...path) => import(pathToFileURL(resolve(folder, "node_modules", ...path)));

async function validate(manifest) {
  const { apiVersion, kind } = manifest;
  const models = await load("kubernetes-models", apiVersion, `${kind}.js`);
  new models[kind](manifest).validate();
}

// Constants of the kind's type, in which TypeScript takes no unknown field.
function asProgram(manifests) {
  return manifests.map((manifest, i) => `import type { I${manifest.kind} as Kind${i} } from ` +
    `"kubernetes-models/${manifest.apiVersion}";\n` +
    `export const manifest${i}: Kind${i} = ${JSON.stringify(manifest, null, 1)};\n`).join("");
}

const containersOf = (manifest) => manifest.spec?.template?.spec?.containers ?? [];

function environmentOf(name, manifests) {
  const container = manifests.flatMap(containersOf).find((candidate) => candidate.name === name);
  return container.env.map((variable) => `${variable.name}=${variable.value}\n`).join("");
}

const { default: yaml } = await load("yaml", "dist", "index.js");
const manifests = yaml.parseAllDocuments(await text(process.stdin)).map((document) => document.toJS()).filter(Boolean);
let wrong = 0;
for (const manifest of manifests) {
  await validate(manifest).catch((error) => {
    console.error(`${manifest.kind} ${manifest.metadata?.name}: ${error.message}`);
    ++wrong;
  });
  if (manifest.kind === "ConfigMap") {
    for (const [name, content] of Object.entries(manifest.data)) writeFileSync(join(folder, name), content);
  }
}
writeFileSync(join(folder, "proxy.env"), environmentOf("haproxy", manifests));
writeFileSync(join(folder, "manifests.mts"), asProgram(manifests));
console.log(`${manifests.length} manifests, ${wrong} of them wrong`);
process.exit(wrong === 0 && manifests.length > 0 ? 0 : 1);
