// check_chart.mjs FOLDER: reads manifests from standard input and checks each against Kubernetes' own schema of its kind. What
// the schema can't tell, fields that there are not, a TypeScript program in FOLDER will tell: check-chart compiles it. The
// ports that probes, services, policies, annotations and the server's own settings name must be those of the containers. The
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

// Complaints about a container whose probes ask a port, or run a program, that it has not.
function checkProbes(container) {
  const ports = container.ports.flatMap((port) => [port.name, port.containerPort]);
  return ["startupProbe", "livenessProbe", "readinessProbe"].flatMap((name) => {
    const probe = container[name];
    const port = (probe.grpc ?? probe.tcpSocket ?? probe.httpGet)?.port;
    const runs = probe.exec?.command[0] === "idiolect";
    return runs || ports.includes(port) ? [] : [`${container.name}: ${name} asks ${JSON.stringify(probe)}`];
  });
}

// Of services and network policies: ports that no container is named by.
function checkNames(manifests) {
  const names = manifests.flatMap(containersOf).flatMap((container) => container.ports.map((port) => port.name));
  const used = manifests.flatMap(({ kind, spec }) =>
    kind === "Service" ? spec.ports.map((port) => port.targetPort) :
    kind === "NetworkPolicy" ? spec.ingress.flatMap((rule) => rule.ports.map((port) => port.port)) : []);
  return used.filter((name) => !names.includes(name)).map((name) => `no container has a port ${name}`);
}

// The ports in the server's settings, its environment and the annotation that Prometheus goes by.
function checkServerPorts(manifests) {
  const pod = manifests.find(({ kind }) => kind === "StatefulSet").spec.template;
  const container = pod.spec.containers[0];
  const portOf = (name) => container.ports.find((port) => port.name === name).containerPort;
  const settings = manifests.find(({ kind }) => kind === "ConfigMap").data["idiolect.toml"];
  const proxied = manifests.flatMap(containersOf).flatMap(({ env }) => env)
    .filter(({ name }) => /^IDIOLECT_(REPLICA_\d|LISTEN|SERVER)$/.test(name));
  const pairs = [
    ["listen", /^listen = .*:(\d+)/m.exec(settings)?.[1], "grpc"],
    ["metrics_listen", /^metrics_listen = .*:(\d+)/m.exec(settings)?.[1], "metrics"],
    ["prometheus.io/port", pod.metadata.annotations["prometheus.io/port"], "metrics"],
    ...proxied.map(({ name, value }) => [name, value.split(":").pop(), "grpc"]),
  ];
  return pairs.filter(([, port, name]) => Number(port) !== portOf(name))
    .map(([what, port, name]) => `${what} is ${port}, the port ${name} is ${portOf(name)}`);
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
for (const complaint of [...manifests.flatMap(containersOf).flatMap(checkProbes), ...checkNames(manifests), ...checkServerPorts(manifests)]) {
  console.error(complaint);
  ++wrong;
}
writeFileSync(join(folder, "proxy.env"), environmentOf("haproxy", manifests));
writeFileSync(join(folder, "manifests.mts"), asProgram(manifests));
console.log(`${manifests.length} manifests, ${wrong} of them wrong`);
process.exit(wrong === 0 && manifests.length > 0 ? 0 : 1);
