/** Dialogs over a view. */
import type {GivenDialog} from '../../../support/session-state.ts';
import type {NamedStates} from '../frames.test.ts';

const long = `registry.example.com/${'team/'.repeat(20)}debug:1.2-x`;
const at = (text: string, caret = text.length) => ({typed: {text, caret}});
const port = {name: 'port', label: 'Port', value: '80'};
const get = {kind: 'prompt', lead: 'GET '} as const;
const command = (words: string): GivenDialog => ({kind: 'form', notes: ['Equivalent command:', `  spoke ${words}`]});
const small = [
	[80, 24],
	[60, 24],
	[40, 12],
] as const;
const items = Array.from({length: 12}, (_, index) => ({
	id: `i${index}`,
	cells: [`item ${index}`],
	...(index === 6 && {heading: 'Actions'}),
}));
const low = [[80, 16]] as const;

export const dialogStates: NamedStates = {
	'a question': {
		roles: true,
		spoken: true,
		sizes: [
			[80, 24],
			[100, 24],
			[80, 8],
		],
		dialog: {kind: 'confirm', question: 'Stop 2 forwards?', details: [':80 → svc/web:80'], leaves: false},
	},
	'a long question': {dialog: {kind: 'confirm', question: 'word '.repeat(40).trim(), details: [], leaves: false}},
	'a failure card': {
		roles: true,
		spoken: true,
		dialog: {
			kind: 'card',
			title: 'shell failed',
			parts: [
				{role: 'where', text: 'Failed between the apiserver and the node'},
				{
					role: 'message',
					text: 'the apiserver sends node traffic through Konnectivity, and no agent is connected to its server now',
				},
				{role: 'fix', text: 'check the agents'},
			],
			code: 'ERR_SECOND_LEG',
		},
	},
	'a prompt with a note': {
		spoken: true,
		pods: ['web  1/1  Running  0  n1'],
		dialog: {kind: 'prompt', ...at('we'), canUseRegex: true, note: '1 of 2', accept: 'filter'},
	},
	'a prompt whose problem equals its note': {
		dialog: {kind: 'prompt', ...at('-l app in (web'), note: 'no label selector', problem: 'no label selector'},
	},
	'a prompt with a long text, at its end': {dialog: {...get, ...at(long)}},
	'a prompt with a long text, at its start': {dialog: {...get, ...at(long, 0)}},
	'a prompt with a long text, in its middle': {dialog: {...get, ...at(long, 60)}},
	'a prompt with a long text and a problem': {dialog: {...get, ...at(long), problem: 'no such service'}},
	'a palette whose command is unknown': {dialog: {kind: 'picker', ...at('events -A'), none: 'no command is called'}},
	'a palette whose argument no item matches': {dialog: {kind: 'picker', ...at('events -A'), from: 7, none: 'no command is called'}},
	'a picker that takes what is typed': {dialog: {kind: 'picker', ...at('events -A')}},
	'a picker with a long text': {dialog: {kind: 'picker', ...at(long)}},
	'a picker with a disabled choice': {
		roles: true,
		spoken: true,
		dialog: {
			kind: 'picker',
			title: 'Saved forwards',
			lead: '',
			heads: ['NAME', 'FORWARDS'],
			items: [
				{id: 'a', cells: ['mine', '2']},
				{id: 'b', cells: ['far', '0 of 1'], off: 'for prod-eu'},
			],
			index: 1,
			free: false,
			keys: 'start',
		},
	},
	'a picker with a long title on a narrow screen': {
		sizes: [[40, 12]],
		dialog: {kind: 'picker', title: 'Containers of pod/web-67cbd55664-cjgmz'},
	},
	'a picker with headings, at its first item': {sizes: low, dialog: {kind: 'picker', items}},
	'a picker with headings, in its middle': {sizes: low, dialog: {kind: 'picker', items, index: 6}},
	'a picker with headings, at its last item': {sizes: low, dialog: {kind: 'picker', items, index: 11}},
	'a filtered picker, without headings': {sizes: low, dialog: {kind: 'picker', items, ...at('item')}},
	'a form with a problem and a note': {
		roles: true,
		spoken: true,
		sizes: small,
		dialog: {
			kind: 'form',
			title: 'Forward from pod/web-67cbd55664-cjgmz',
			fields: [port, {name: 'local', label: 'Local port', value: '', note: 'any free port'}],
			at: 1,
			problem: 'port 80 is in use',
			notes: ['Every user of this machine can use it.'],
		},
	},
	'a form with a long value': {dialog: {kind: 'form', fields: [{...port, value: long}]}},
	'a form with a long note on its field': {sizes: small, dialog: {kind: 'form', fields: [{...port, note: 'x'.repeat(60)}]}},
	'a form that is too high': {
		sizes: [[80, 10]],
		dialog: {kind: 'form', fields: Array.from({length: 20}, (_, index) => ({...port, name: `port ${index}`, label: `Port ${index}`}))},
	},
	'a form whose command breaks between words': {
		sizes: small,
		dialog: command("port-forward -n shop 'one two three four five six seven' 8080:80"),
	},
	'a form whose command has a long word': {
		sizes: small,
		dialog: command(`proxy --kubeconfig /home/${'somebody/'.repeat(12)}config --port 0`),
	},
};
