/** YAML of objects, for YAML 1.1 readers such as kubectl. */
import test from 'ava';
import {parse, type Tags} from 'yaml';
import {yamlLines} from '../../../source/session/text/yaml-lines.ts';
import {parseLosslessJson} from '../../../source/base/text/escaping.ts';

const textOf = (object: object) =>
	yamlLines(object)
		.map(({text}) => `${text}\n`)
		.join('');

/** Like kubectl, except for dates, which no Kubernetes object has. */
function readBack(text: string): unknown {
	const withoutTimes = (tags: Tags) =>
		tags.filter(tag => (typeof tag === 'string' ? tag !== 'timestamp' : tag.tag !== 'tag:yaml.org,2002:timestamp'));
	return parse(text, {version: '1.1', customTags: withoutTimes});
}

for (const [title, object] of [
	[
		'words that mean something else',
		[
			'~',
			'null',
			'yes',
			'No',
			'on',
			'y',
			'8080',
			'1e5',
			'0x1F',
			'017',
			'12:30',
			'1:60',
			'.5',
			'2024-01-02',
			'1Gi',
			'-',
			'- a',
			'a: b',
			'a #b',
			'#',
			'*',
			'&x',
			'!x',
			'%x',
			'@x',
			'`x',
			'{}',
			'[a]',
			"'q'",
			'"q"',
			'a\\b',
			' lead',
			'trail ',
			'=',
			'<<',
			'---',
			'?',
			'',
		],
	],
	['signs that nobody sees', ['tab\there', 'esc\u001B[31m', '\uFEFFmark', 'cr\rlf', 'a\u0085b', 'a\u2028b', 'a\u00A0b', '😀', 'é 日本']],
	[
		'texts of several lines',
		['#!/bin/sh\nset -e\n\n  indented\n', 'one\ntwo', 'one\n\n\n', ' one\ntwo\n', '\n', 'one\ntwo ', 'one \ntwo\n', 'a\n\tb\n'],
	],
	['empty and nested things', {list: [], map: {}, nothing: null, lists: [[1, [2, {a: 1, b: {c: [{d: 1}]}}]], []]}],
	['odd keys', {'': 1, true: 1, 8080: 1, 'x y': 1, 'k:': 1, ['k'.repeat(200)]: 1, 'two\nlines': 1}],
	['a text longer than a line', {text: 'word '.repeat(60), quoted: 'a: b '.repeat(60)}],
] as const) {
	test(`${title} parse back to their original values`, t => {
		t.deepEqual(readBack(textOf({value: object})), {value: object});
	});
}

test('a number keeps all its digits', t => {
	t.is(
		textOf(parseLosslessJson('{"a":9223372036854775807,"b":9007199254740993,"c":1.0,"d":0.5,"e":-1}') as object),
		'a: 9223372036854775807\nb: 9007199254740993\nc: 1\nd: 0.5\ne: -1\n',
	);
});

test('YAML has the kubectl style: sorted keys, dashes below the field, blocks, quotes', t => {
	t.is(
		textOf({
			kind: 'Pod',
			apiVersion: 'v1',
			spec: {
				containers: [
					{
						name: 'web',
						args: ['-c', 'set -e\nrun "$@"\n'],
						env: [
							{name: 'A', value: 'true'},
							{name: 'B', value: ''},
						],
					},
				],
			},
			metadata: {creationTimestamp: '2026-11-24T14:00:00Z', labels: {}},
		}),
		`apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2026-11-24T14:00:00Z"
  labels: {}
spec:
  containers:
  - args:
    - -c
    - |
      set -e
      run "$@"
    env:
    - name: A
      value: "true"
    - name: B
      value: ""
    name: web
`,
	);
});

test('a long line is not folded', t => {
	t.is(yamlLines({message: 'word '.repeat(60).trim()}).length, 1);
});

test('an object in two places is written twice', t => {
	const labels = {app: 'web'};
	t.is(textOf({a: labels, b: labels}), 'a:\n  app: web\nb:\n  app: web\n');
});

test('only field names are marked as keys', t => {
	const keys = yamlLines({kind: 'Pod', spec: {args: ['a: b', {'x y': 'not:\nkey: of ours\n'}]}}).map(
		({text, key}) => key && text.slice(...key),
	);
	t.deepEqual(keys, ['kind', 'spec', 'args', null, 'x y', null, null]);
});
