// Plays answer scripts through ODK's xforms-engine and writes the state of every node.
// Run in the folder that holds node_modules: node xforms_engine_player.mjs jobs.json answers.json
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.cwd(), 'package.json'));
const { JSDOM } = require('jsdom');
const { window } = new JSDOM('<!doctype html>');
for (const name of Object.getOwnPropertyNames(window)) {
  if (/^[A-Z]/.test(name) && !(name in globalThis)) {
    globalThis[name] = window[name];
  }
}
globalThis.window = window;
globalThis.document = window.document;

// The engine takes its parser from the network when it believes that it runs in Node.
const node = globalThis.process;
const engine = pathToFileURL(
  join(node.cwd(), 'node_modules/@getodk/xforms-engine/dist/index.js'),
).href;
delete globalThis.process;
const { createInstance } = await import(engine);
globalThis.process = node;

const [, , jobsPath, answersPath] = node.argv;

const noAttachments = { fetchFormAttachment: async () => new Response('', { status: 404 }) };

async function play(job) {
  const { root } = await createInstance(job.xml, { form: noAttachments });
  const ops = [];
  for (const operation of job.ops) {
    try {
      perform(root, operation);
      ops.push(operation);
    } catch (reason) {
      if (job.exact || !(reason instanceof NotNow)) throw reason;
    }
  }
  const nodes = {};
  describe(root, nodes);
  return { ops, nodes };
}

// What the script asks cannot be done at this moment: no such page, no such choice.
class NotNow extends Error {}

function perform(root, [verb, path, value]) {
  if (verb === 'language') {
    const language = root.languages.find((known) => known.language === path);
    if (language === undefined) throw new Error(`no language ${path}`);
    root.setLanguage(language);
  } else if (verb === 'add') {
    const range = find(root, path);
    range.addInstances(range.currentState.children.length - 1);
  } else if (verb === 'remove') {
    const instance = find(root, path);
    const range = instance.parent;
    range.removeInstances(range.currentState.children.indexOf(instance));
  } else {
    answer(find(root, path), value, path);
  }
}

function answer(node, value, path) {
  if (!node.currentState.relevant || node.currentState.readonly) throw new NotNow(`not on a page now: ${path}`);
  if (node.nodeType === 'select' || node.nodeType === 'rank') {
    const values = value === '' ? [] : value.split(' ');
    const offered = new Set(node.currentState.valueOptions.map((option) => option.value));
    for (const chosen of values) {
      if (!offered.has(chosen)) throw new NotNow(`not offered now: ${chosen} at ${path}`);
    }
    if (node.nodeType === 'rank') node.setValues(values);
    else node.selectValues(values);
  } else if (node.nodeType === 'trigger') {
    node.setValue(value === 'OK');
  } else if (node.nodeType === 'input' || node.nodeType === 'range') {
    node.setValue(value === '' && node.valueType !== 'string' ? null : value);
  } else {
    throw new Error(`cannot answer a ${node.nodeType}: ${path}`);
  }
}

// The path of the harness: a repeat instance carries its position, a group does not.
function pathOf(node) {
  if (node.nodeType === 'root') return `/${node.definition.nodeName ?? nameOf(node)}`;
  if (node.nodeType === 'repeat-instance') {
    return `${pathOf(node.parent)}[${node.parent.currentState.children.indexOf(node) + 1}]`;
  }
  return `${pathOf(node.parent)}/${nameOf(node)}`;
}

function nameOf(node) {
  return node.currentState.reference.replace(/\[\d+\]$/, '').split('/').pop();
}

function find(root, path) {
  const queue = [root];
  while (queue.length > 0) {
    const node = queue.shift();
    const here = pathOf(node);
    if (here === path) return node;
    if (path.startsWith(here)) queue.push(...(node.currentState.children ?? []));
  }
  throw new NotNow(`no such node: ${path}`);
}

function describe(node, nodes) {
  const state = node.currentState;
  if (nameOf(node) === 'meta') return;
  if (node.nodeType !== 'root' && !node.nodeType.startsWith('repeat-range')) {
    nodes[pathOf(node)] = describeOne(node, state);
  }
  for (const child of state.children ?? []) describe(child, nodes);
}

function describeOne(node, state) {
  if (!state.relevant) return { r: false };
  const found = {};
  const label = state.label?.asString;
  if (label && node.nodeType !== 'repeat-instance') found.l = label;
  if (state.children !== null) return found;
  if (state.instanceValue !== '') found.v = state.instanceValue;
  if (node.validationState.constraint?.valid === false) found.c = false;
  if (node.nodeType === 'model-value') return found;
  if (state.required) found.q = true;
  if (state.readonly) found.o = true;
  if (node.nodeType === 'select' || node.nodeType === 'rank') {
    found.ch = state.valueOptions.map((option) => option.value);
  }
  return found;
}

const answers = [];
for (const job of JSON.parse(readFileSync(jobsPath, 'utf8'))) {
  try {
    answers.push(await play(job));
  } catch (refusal) {
    answers.push({ error: `${refusal?.constructor?.name}: ${refusal?.message}` });
  }
}
writeFileSync(answersPath, JSON.stringify(answers));
node.exit(0);
