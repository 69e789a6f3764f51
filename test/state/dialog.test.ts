/** Typing, choosing and filling in, as a table of keys and texts. */
import test from 'ava';
import {
	reduceDialog,
	matchingItems,
	type FormDialog,
	type DialogEvent,
	type PickerDialog,
	type PromptDialog,
} from '../../source/state/dialog.ts';

const prompt = (text = '', caret = text.length): PromptDialog => ({
	kind: 'prompt',
	lead: '/',
	purpose: 'x',
	typed: {text, caret},
	regex: false,
	mayRegex: true,
	note: '',
	problem: null,
	history: ['second', 'first'],
	historyAt: -1,
	accept: 'keep',
	candidates: ['svc/web:80/', 'svc/web:443/', 'pod/a'],
});

const edits: ReadonlyArray<readonly [string, string, DialogEvent, string, number]> = [
	['a character goes in at the caret', 'ac', {type: 'type', text: 'b'}, 'acb', 3],
	['pasted line ends do not run anything', '', {type: 'type', text: 'rm\r\nx\u0003'}, 'rmx', 3],
	['a whole character is erased', 'aé🎉', {type: 'erase'}, 'aé', 2],
	['a word is erased', 'one two ', {type: 'erase-word'}, 'one ', 4],
	['all is cleared', 'x', {type: 'clear'}, '', 0],
	['the caret goes to the start', 'ab', {type: 'caret', to: 'start'}, 'ab', 0],
	['the history comes from the newest', '', {type: 'history', by: 1}, 'second', 6],
	['completion goes as far as all fit', 'svc/', {type: 'complete'}, 'svc/web:', 8],
];
for (const [title, before, event, text, caret] of edits) {
	test(`in a typed line ${title}`, t => {
		t.deepEqual((reduceDialog(prompt(before), event) as PromptDialog).typed, {text, caret});
	});
}

test('what was being typed comes back behind the newest of the history, and stays where there is none', t => {
	const typed = (overlay: PromptDialog, ...events: readonly DialogEvent[]) =>
		events.reduce((now, event) => reduceDialog(now, event) as PromptDialog, overlay).typed;
	const [older, newer]: DialogEvent[] = [
		{type: 'history', by: 1},
		{type: 'history', by: -1},
	];
	t.deepEqual(typed(prompt('time', 2), older!, older!, newer!, newer!), {text: 'time', caret: 2});
	t.deepEqual(typed(prompt('time', 2), newer!), {text: 'time', caret: 2});
	t.deepEqual(typed({...prompt('time'), history: []}, older!), {text: 'time', caret: 4});
});

for (const event of [{type: 'history', by: 1}, {type: 'complete'}, {type: 'regex'}] as readonly DialogEvent[]) {
	test(`a problem of what was typed is told no longer after ${event.type}`, t => {
		t.is((reduceDialog({...prompt('svc/'), problem: 'no regex: unterminated group'}, event) as PromptDialog).problem, null);
	});
}

const picker: PickerDialog = {
	kind: 'picker',
	title: '',
	purpose: '',
	lead: ':',
	typed: {text: '', caret: 0},
	from: 0,
	heads: [],
	items: ['pods', 'forward', 'forwards', 'info'].map(id => ({id, cells: [id]})),
	index: 0,
	notes: [],
	free: false,
	none: null,
	keys: '',
};

test('what begins with the typed text stands before what holds it, and the choice starts anew', t => {
	const typed = reduceDialog(reduceDialog(reduceDialog(picker, {type: 'move', by: 2}), {type: 'type', text: 'fo'}), {
		type: 'move',
		by: 1,
	}) as PickerDialog;
	t.deepEqual(
		matchingItems(typed).map(({id}) => id),
		['forward', 'forwards', 'info'],
	);
	t.is(typed.index, 1);
	t.is((reduceDialog(typed, {type: 'move', by: 9}) as PickerDialog).index, 2);
});

test('a form steps through its fields, chooses and types', t => {
	const form: FormDialog = {
		kind: 'form',
		title: '',
		at: 0,
		problem: 'x',
		notes: [],
		submit: '',
		fields: [
			{
				name: 'port',
				label: '',
				value: '80',
				choices: [
					{value: '80', shown: ''},
					{value: '90', shown: ''},
				],
				note: '',
			},
			{name: 'local', label: '', value: '8', choices: null, note: ''},
		],
	};
	const chosen = reduceDialog(form, {type: 'choose', by: 1}) as FormDialog;
	t.is(chosen.fields[0]?.value, '90');
	t.is(chosen.problem, null);
	const typed = reduceDialog(reduceDialog(chosen, {type: 'move', by: 1}), {type: 'type', text: '1'}) as FormDialog;
	t.is(typed.fields[1]?.value, '81');
});

const portForm: FormDialog = {
	kind: 'form',
	title: '',
	at: 0,
	problem: null,
	notes: [],
	submit: '',
	fields: [
		{
			name: 'port',
			label: '',
			value: '80',
			choices: [
				{value: '80', shown: ''},
				{value: 'other', shown: ''},
			],
			note: '',
			typing: {choose: 'other', field: 'other'},
		},
		{name: 'other', label: '', value: '', choices: null, note: '', when: {field: 'port', value: 'other'}},
		{name: 'local', label: '', value: '8080', choices: null, note: '', untouched: true},
	],
};

const localEdits: ReadonlyArray<readonly [string, readonly DialogEvent[], string]> = [
	[
		'what is typed stands in its place, and goes on behind it',
		[
			{type: 'type', text: '9'},
			{type: 'type', text: '0'},
		],
		'90',
	],
	['erasing takes all of it', [{type: 'erase'}, {type: 'type', text: '7'}], '7'],
	[
		'a key to the side keeps it, and typing goes on behind it',
		[{type: 'choose', by: 1}, {type: 'type', text: '1'}, {type: 'erase'}, {type: 'erase'}],
		'808',
	],
	[
		'going past leaves it',
		[
			{type: 'move', by: 1},
			{type: 'move', by: -1},
		],
		'8080',
	],
];
for (const [title, events, value] of localEdits) {
	test(`of a prefilled field that nobody touched, ${title}`, t => {
		const form = events.reduce((now, event) => reduceDialog(now, event) as FormDialog, {...portForm, at: 2});
		t.is(form.fields[2]?.value, value);
	});
}

test('a port typed on the ports to choose from is another one, in its own field', t => {
	const form = [...'90'].reduce((now, text) => reduceDialog(now, {type: 'type', text}) as FormDialog, portForm);
	t.deepEqual([form.at, form.fields[0]?.value, form.fields[1]?.value], [1, 'other', '90']);
});

test('what stands behind a command is completed there, and the command stays', t => {
	const names = ['pod/cobweb', 'deploy/web', 'pod/web-1', 'pod/db'].map(id => ({id, cells: [id]}));
	const typed: PickerDialog = {...picker, items: names, from: 5, typed: {text: 'tail web', caret: 8}};
	t.deepEqual(
		matchingItems(typed).map(({id}) => id),
		['deploy/web', 'pod/web-1', 'pod/cobweb'],
	);
	t.is((reduceDialog({...typed, index: 1}, {type: 'complete'}) as PickerDialog).typed.text, 'tail pod/web-1');
	t.deepEqual(matchingItems({...typed, typed: {text: 'tail deploy/web -c x', caret: 0}}), []);
});

test('a word that no row shows finds its item, before those that only hold it', t => {
	const items = [
		{id: 'shell', cells: ['svc shell']},
		{id: 'services', cells: ['services'], also: ['svc']},
	];
	t.deepEqual(
		matchingItems({...picker, items, typed: {text: 'svc -A', caret: 6}}).map(({id}) => id),
		['services', 'shell'],
	);
	t.deepEqual(
		matchingItems({...picker, items, typed: {text: 'sv', caret: 2}}).map(({id}) => id),
		['shell'],
	);
});
