/** An object as YAML is what kubectl prints of it, byte for byte. `fixtures/kubectl.yaml` is what kubectl 1.36.3 prints of `fixtures/kubectl.json`. */
import {readFile} from 'node:fs/promises';
import test from 'ava';
import {parse, type Tags} from 'yaml';
import {parseExactly} from '../../source/text/exact-json.ts';
import {yamlLines} from '../../source/text/yaml-text.ts';

const fixture = async (name: string) => readFile(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const json = await fixture('kubectl.json');
const lines = yamlLines(parseExactly(json) as object);
const text = lines.map(line => `${line.text}\n`).join('');

test('words that mean something else, numbers, empty things, blocks, long lines and keys are written as kubectl writes them', async t => {
	t.deepEqual(text.split('\n'), (await fixture('kubectl.yaml')).split('\n'));
});

test('what is written is read as what it was', t => {
	const withoutTimes = (tags: Tags) => tags.filter(tag => typeof tag === 'string' ? tag !== 'timestamp' : tag.tag !== 'tag:yaml.org,2002:timestamp');
	t.deepEqual(parse(text, {version: '1.1', customTags: withoutTimes}), JSON.parse(json));
});

test('the names of fields are known, and nothing else is taken for one', t => {
	const keys = yamlLines({kind: 'Pod', spec: {args: ['a: b', {'x y': 'not:\nkey: of ours\n'}]}}).map(({text, key}) => key && text.slice(...key));
	t.deepEqual(keys, ['kind', 'spec', 'args', null, 'x y', null, null]);
});

test('a text of a megabyte is written at once', t => {
	const began = performance.now();
	yamlLines({text: 'word '.repeat(200_000), block: `${'x'.repeat(1_000_000)}\n`});
	t.true(performance.now() - began < 2000);
});
