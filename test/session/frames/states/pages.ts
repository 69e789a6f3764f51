/** Texts, help, why and messages. */
import {SpokeError} from '../../../../source/base/errors/spoke-error.ts';
import {contexts} from '../../../../source/session/actions/contexts.ts';
import type {TextLine} from '../../../../source/session/frame/session-state.ts';
import {searchText} from '../../../../source/session/kit/text-rows.ts';
import {pathTo, unverifiedPath} from '../../../support/session-state.ts';
import type {NamedStates} from '../frames.test.ts';

const asIs = (text: string): TextLine => ({text, asIs: true});
const manifest = ['kind: Pod', `annotation: ${'x'.repeat(250)}`, '  - name:  a', 'image: web', 'image: db'].map(asIs);
const cutMatch = [asIs(`${'x'.repeat(74)} one-two`), {label: 'Image', text: 'one-two'}];
const wide = [asIs(`日本語${'日本'.repeat(40)}`), asIs('e\u0301'.repeat(130)), asIs('last')];
const long = Array.from({length: 5000}, (_, index) => asIs(`row ${index}`));
const search = (text: string, regex = false, at = 0) => searchText(manifest, {text, regex}, at);

export const pageStates: NamedStates = {
	'a text with a search': {roles: true, spoken: true, text: {lines: manifest, top: 1, search: search('image', false, 3)}},
	'a text with a match that is cut': {
		roles: true,
		text: {lines: cutMatch, search: searchText(cutMatch, {text: 'one-two', regex: false}, 0)},
	},
	'a YAML with field names': {roles: true, text: {lines: [{text: '- a/b: a', asIs: true, key: [2, 5]}]}},
	'a text in which nothing matches': {text: {lines: manifest, search: search('nowhere')}},
	'a text searched for an invalid expression': {text: {lines: manifest, search: search('(', true)}},
	'a text of wide and combined characters': {text: {lines: wide, status: 'as read'}},
	'a text that is cut and scrolled sideways': {isTextCut: true, text: {lines: manifest, left: 20}},
	'the first page of a long text': {text: {lines: long}},
	'the last page of a long text': {text: {lines: long, top: 9999}},
	'details with labels, ages and events': {
		roles: true,
		text: {
			title: 'Details',
			lines: [
				{label: 'Image', text: 'web:1'},
				{rule: true, text: 'Events'},
				{since: 1000, label: 'Started', text: 'started it'},
			],
		},
	},
	'a page title of two long parts': {text: {title: 'Why', subject: 'x'.repeat(60), status: 'y'.repeat(60)}},
	...Object.fromEntries(
		Object.keys(contexts)
			.filter(name => !['text', 'form', 'picker', 'prompt', 'confirm', 'card', 'global', 'rows', 'list'].includes(name))
			.map(keyContext => [`the help of ${keyContext}`, {layers: [{kind: 'help', keyContext, top: 0} as const]}]),
	),
	'the help, scrolled': {spoken: true, layers: [{kind: 'help', keyContext: 'pods', top: 3}]},
	'the help on a large screen': {sizes: [[200, 50]], layers: [{kind: 'help', keyContext: 'pods', top: 0}]},
	'why of a connection': {spoken: true, why: {about: 'logs pod/web', path: unverifiedPath}},
	'why of a stream without a connection': {
		spoken: true,
		connections: [{id: 'tail-1', kind: 'logs', what: 'pod/web', note: 'ImagePullBackOff'}],
		why: {about: 'logs pod/web', entry: 'tail-1'},
	},
	'why of a row whose path is being read': {pods: ['web  1/1  Running  0  n1'], why: {row: 'other'}},
	'why of a failure without a path of its own': {
		roles: true,
		why: {
			about: 'forward pod/other 80',
			error: new SpokeError('ERR_SECOND_LEG', 'it failed', {leg: 2, text: 'No agent available', remedy: 'check the agents'}).toJSON(),
		},
	},
	'why of a failure with its path': {
		why: {
			about: 'shell',
			error: new SpokeError('ERR_NOT_FOUND', 'no such container').toJSON(),
			path: pathTo('kubelet', {}, {about: 'ended-connection', phase: 'failed'}),
		},
	},
	messages: {
		spoken: true,
		messages: [
			{time: 20_000, text: 'copied api', role: 'plain', hint: ''},
			{time: 30_000, text: 'forward svc/web :80: connection refused', role: 'error', hint: 'w why'},
		],
		layers: [{kind: 'messages', top: 0}],
	},
	'no messages': {roles: true, layers: [{kind: 'messages', top: 0}]},
};
