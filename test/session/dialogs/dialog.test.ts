/** Dialogs. */
import test from 'ava';
import {
	reduceDialog,
	matchingItems,
	withMissingField,
	type FormDialog,
	type DialogEvent,
	type PickerDialog,
	type PromptDialog,
} from '../../../source/session/dialogs/dialog.ts';

const prompt = (text = '', caret = text.length): PromptDialog => ({
	kind: 'prompt',
	lead: '/',
	purpose: 'x',
	typed: {text, caret},
	regex: false,
	canUseRegex: true,
	note: '',
	problem: null,
	history: ['second', 'first'],
	historyAt: -1,
	accept: 'keep',
	candidates: ['svc/web:80/', 'svc/web:443/', 'pod/a'],
});

const edits: ReadonlyArray<readonly [string, string, DialogEvent, string, number, 'untouched'?]> = [
	['inserts a character at the caret', 'ac', {type: 'type', text: 'b'}, 'acb', 3],
	['drops pasted line ends', '', {type: 'type', text: 'rm\r\nx\u0003'}, 'rmx', 3],
	['erases a whole character', 'aé🎉', {type: 'erase'}, 'aé', 2],
	['erases a word', 'one two ', {type: 'erase-word'}, 'one ', 4],
	['clears all', 'x', {type: 'clear'}, '', 0],
	['moves the caret to the start', 'ab', {type: 'caret', to: 'start'}, 'ab', 0],
	['goes to the newest line of the history', '', {type: 'history', by: 1}, 'second', 6],
	['completes the common prefix', 'svc/', {type: 'complete'}, 'svc/web:', 8],
	['replaces an untouched text by the first character', 'web', {type: 'type', text: 'x'}, 'x', 1, 'untouched'],
	['erases an untouched text as a whole', 'web', {type: 'erase'}, '', 0, 'untouched'],
	['keeps an untouched text when the caret moves', 'web', {type: 'caret', to: 'left'}, 'web', 2, 'untouched'],
];
for (const [title, before, event, text, caret, untouched] of edits) {
	test(`a prompt ${title}`, t => {
		const dialog = prompt(before);
		const typed = {...dialog.typed, untouched: untouched !== undefined};
		t.deepEqual((reduceDialog({...dialog, typed}, event) as PromptDialog).typed, {text, caret});
	});
}

test('a prompt restores the typed line after the newest of the history', t => {
	const typed = (dialog: PromptDialog, ...events: readonly DialogEvent[]) =>
		events.reduce((now, event) => reduceDialog(now, event) as PromptDialog, dialog).typed;
	const [older, newer]: DialogEvent[] = [
		{type: 'history', by: 1},
		{type: 'history', by: -1},
	];
	t.deepEqual(typed(prompt('time', 2), older!, older!, newer!, newer!), {text: 'time', caret: 2});
	t.deepEqual(typed(prompt('time', 2), newer!), {text: 'time', caret: 2});
	t.is(typed(prompt('time'), newer!, older!).text, 'second', 'nothing is newer than the typed line');
	t.is(typed(prompt('time'), older!, older!, older!).text, 'first');
	const named = {...prompt('time'), problem: 'x'};
	t.is(reduceDialog(named, newer!), named);
	t.deepEqual(typed({...prompt('time'), history: []}, older!), {text: 'time', caret: 4});
});

test('a caret passes whole characters', t => {
	const moved = (from: number, to: 'left' | 'right') =>
		(reduceDialog(prompt('a🎉b', from), {type: 'caret', to}) as PromptDialog).typed.caret;
	t.deepEqual([moved(1, 'right'), moved(3, 'left'), moved(4, 'right'), moved(0, 'left')], [3, 1, 4, 0]);
});

test('a completion names up to four that fit, and how many more', t => {
	const noteOf = (text: string, candidates: readonly string[], note = 'old') =>
		(reduceDialog({...prompt(text), candidates, note}, {type: 'complete'}) as PromptDialog).note;
	t.is(noteOf('a', ['a1', 'a2', 'a3', 'a4', 'b']), 'a1  a2  a3  a4');
	t.is(noteOf('a', ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']), 'a1  a2  a3  a4  2 more');
	t.is(noteOf('a', ['a1', 'b']), '');
	t.is(noteOf('x', ['a1']), 'nothing completes this');
	t.is(noteOf('x', []), 'old');
});

for (const event of [{type: 'history', by: 1}, {type: 'complete'}, {type: 'regex'}] as readonly DialogEvent[]) {
	test(`the problem of an input disappears after ${event.type}`, t => {
		t.is(
			(reduceDialog({...prompt('svc/'), problem: 'invalid regular expression: unterminated group'}, event) as PromptDialog).problem,
			null,
		);
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
	keys: '',
	toggles: false,
};

test('a picker lists prefix matches first, and typing resets the selection', t => {
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

test('a form moves between fields, selects values and takes text', t => {
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
			},
			{name: 'local', label: '', value: '8'},
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
			typing: 'other',
		},
		{name: 'other', label: '', value: '', when: {field: 'port', value: 'other'}},
		{name: 'local', label: '', value: '8080', untouched: true},
	],
};

test('an empty required field takes the cursor and says what it must contain', t => {
	const [port, other, ...rest] = portForm.fields;
	const typed = (value: string) => ({
		...portForm,
		at: 2,
		fields: [{...port!, value: 'other'}, {...other!, value, required: 'a port'}, ...rest],
	});
	t.like(withMissingField(typed(' ')), {at: 1, problem: 'a port is required'});
	t.is(withMissingField(typed('80')), null);
});

test('a required field that is not visible may be empty', t => {
	const [port, other, ...rest] = portForm.fields;
	t.is(withMissingField({...portForm, fields: [port!, {...other!, required: 'a port'}, ...rest]}), null);
});

const localEdits: ReadonlyArray<readonly [string, readonly DialogEvent[], string]> = [
	[
		'typing replaces the value',
		[
			{type: 'type', text: '9'},
			{type: 'type', text: '0'},
		],
		'90',
	],
	['erasing removes the value', [{type: 'erase'}, {type: 'type', text: '7'}], '7'],
	[
		'a caret key keeps the value, and typing appends to it',
		[{type: 'choose', by: 1}, {type: 'type', text: '1'}, {type: 'erase'}, {type: 'erase'}],
		'808',
	],
	[
		'moving past keeps the value',
		[
			{type: 'move', by: 1},
			{type: 'move', by: -1},
		],
		'8080',
	],
];
for (const [title, events, value] of localEdits) {
	test(`in a prefilled field ${title}`, t => {
		const form = events.reduce((now, event) => reduceDialog(now, event) as FormDialog, {...portForm, at: 2});
		t.is(form.fields[2]?.value, value);
	});
}

test('moving passes a field that is not visible', t => {
	t.is((reduceDialog(portForm, {type: 'move', by: 1}) as FormDialog).at, 2);
});

test('a port typed on the choices goes into the field for other ports', t => {
	const form = [...'90'].reduce((now, text) => reduceDialog(now, {type: 'type', text}) as FormDialog, portForm);
	t.deepEqual([form.at, form.fields[0]?.value, form.fields[1]?.value], [1, 'other', '90']);
});

test('completing an argument keeps the command', t => {
	const names = ['pod/cobweb', 'deploy/web', 'pod/web-1', 'pod/db'].map(id => ({id, cells: [id]}));
	const typed: PickerDialog = {...picker, items: names, from: 5, typed: {text: 'tail web', caret: 8}};
	t.deepEqual(
		matchingItems(typed).map(({id}) => id),
		['deploy/web', 'pod/web-1', 'pod/cobweb'],
	);
	t.is((reduceDialog({...typed, index: 1}, {type: 'complete'}) as PickerDialog).typed.text, 'tail pod/web-1');
	t.deepEqual(matchingItems({...typed, typed: {text: 'tail deploy/web -c x', caret: 0}}), []);
});

test('an argument that is a name means that object, not one whose name begins with it', t => {
	const items = ['pod/web-1', 'pod/web'].map(id => ({id, cells: [id]}));
	const typed = {...picker, purpose: 'palette', items, from: 5, typed: {text: 'yaml pod/web', caret: 12}};
	t.deepEqual(
		matchingItems(typed).map(({id}) => id),
		['pod/web', 'pod/web-1'],
	);
});

test('an alias finds its item before items that only contain it', t => {
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

test('a command is found by the start of a word, not by letters within it', t => {
	const items = [
		{id: 'reverse', cells: ['reverse order', 'in lists']},
		{id: 'pager', cells: ['open in pager', 'in texts']},
	];
	const found = (text: string) => matchingItems({...picker, purpose: 'palette', items, typed: {text, caret: 0}}).map(({id}) => id);
	t.deepEqual(found('ev'), []);
	t.deepEqual(found('texts'), [], 'not by the place of an action');
	t.deepEqual(found('pa'), ['pager']);
	t.deepEqual(found('rev'), ['reverse']);
});
