/** The result of a call of `spoke mcp`. */
import test from 'ava';
import type {Path} from '../../../source/evidence/evidence.ts';
import {emptyOutput, toolResult} from '../../../source/commands/mcp/tool-output.ts';

test('gives the last four paths whole, and says how many it gives as lines', t => {
	const paths = ['a', 'b', 'c', 'd', 'e', 'f'].map(name => ({line: `path: ${name}`}) as Path);
	const {structured, text} = toolResult({tool: 'logs', context: null, namespace: null, truncated: []}, {...emptyOutput, paths});
	const pathLines = paths.map(({line}) => line);
	t.like(structured, {clusterData: {pathLines, paths: paths.slice(2)}});
	t.like(structured, {truncated: [{by: 'paths', limit: 4, message: '2 more paths are given only as lines, of up to 100'}]});
	t.true(text.includes(JSON.stringify({pathLines})));
});

test('the last path line of a followed log is the label that is valid', t => {
	const paths = ['unknown', 'verified', 'unknown'].map(label => ({line: `path: ${label}`}) as Path);
	const {structured} = toolResult({tool: 'logs', context: null, namespace: null, truncated: []}, {...emptyOutput, paths});
	t.like(structured, {clusterData: {pathLines: ['path: verified', 'path: unknown'], paths}});
});

test('of more path lines than a result has, the latest are given', t => {
	const paths = Array.from({length: 150}, (_, index) => ({line: `path: ${index}`}) as Path);
	const {structured} = toolResult({tool: 'logs', context: null, namespace: null, truncated: []}, {...emptyOutput, paths});
	t.like(structured, {clusterData: {pathLines: paths.slice(50).map(({line}) => line)}});
});
