/** The dialogs: prompt, picker, form, confirmation and failure card. */
import type {ErrorPart} from '../../report/descriptions/describe-error.ts';

/** The caret counts UTF-16 units. Typing replaces an untouched text, and erasing removes all of it. */
export type TextInput = {text: string; caret: number; untouched?: boolean};

export type PromptDialog = {
	kind: 'prompt';
	lead: string;
	purpose: string;
	typed: TextInput;
	regex: boolean;
	canUseRegex: boolean;
	note: string;
	problem: string | null;
	history: readonly string[];
	/** -1 is the line being typed. */
	historyAt: number;
	/** The line being typed while the history is shown. */
	draft?: TextInput;
	candidates: readonly string[];
	accept: string;
};

export type PickerItem = {
	id: string;
	cells: readonly string[];
	off?: string;
	/** Heading above the item in the unfiltered list. */
	heading?: string;
	/** Completed text, if it differs from the first cell. */
	text?: string;
	/** Hidden aliases: `svc`. */
	also?: readonly string[];
};

export type PickOptions = {
	title: string;
	purpose: string;
	lead?: string;
	heads?: readonly string[];
	items: readonly PickerItem[];
	notes?: readonly string[];
	/** Also accepts text that no item matches. */
	free?: boolean;
	/** Prefix shown with a text that matches no item. */
	none?: string;
	/** Label of the accept key. */
	keys?: string;
	/** Accepting an item switches it: so does Space, as it marks rows, until a text is typed. */
	toggles?: boolean;
	text?: string;
	/** Id of the item selected at first, if there is one. */
	selected?: string | null;
	/** Completion of an argument and its offset; `null` while the command itself is typed. */
	argumentAt?(text: string): {from: number; items: readonly PickerItem[]} | null;
	/** Receives a function to call when `argumentAt` has new items. */
	onNames?(again: () => void): void;
};

/** `from`: the start of the word to complete. */
export type PickerDialog = Omit<PickOptions, 'text' | 'selected'> & {kind: 'picker'; typed: TextInput; from: number; index: number};

export type FormField = {
	name: string;
	label: string;
	value: string;
	/** Without them, a text is typed. */
	choices?: ReadonlyArray<{value: string; shown: string}>;
	note?: string;
	/** Visible only while another field has this value. */
	when?: {field: string; value: string};
	/** Typing replaces an untouched value, and erasing removes all of it. */
	untouched?: boolean;
	/** The field into which text goes that is typed on the choices. What shows it is chosen then. */
	typing?: string;
	/** What the field must contain, as `a port`. */
	required?: string;
};

export type FormDialog = {
	kind: 'form';
	title: string;
	fields: readonly FormField[];
	at: number;
	problem: string | null;
	notes: readonly string[];
	submit: string;
};

/** A form's indented note is the equivalent one-shot command. */
export function equivalentCommand({notes}: Pick<FormDialog, 'notes'>): string | null {
	return notes.find(note => note.startsWith(' '))?.trim() ?? null;
}

/** `leaves`: yes ends the session. */
export type ConfirmDialog = {kind: 'confirm'; question: string; details: readonly string[]; leaves: boolean};
/** A failure that stays until a key. */
/** `code`: only in what is copied. */
export type CardDialog = {kind: 'card'; title: string; parts: readonly ErrorPart[]; code: string};
export function cardText({title, parts, code}: CardDialog): string {
	return [title, ...parts.map(({role, text}) => (role === 'fix' ? `fix: ${text}` : text)), code].join('\n');
}

export type CardChoice = 'doctor' | 'retry' | 'why';
export type Dialog = PromptDialog | PickerDialog | FormDialog | ConfirmDialog | CardDialog;

export type DialogEvent =
	| {type: 'type'; text: string}
	| {type: 'erase'}
	| {type: 'erase-word'}
	| {type: 'clear'}
	| {type: 'caret'; to: 'left' | 'right' | 'start' | 'end'}
	| {type: 'history'; by: 1 | -1}
	| {type: 'complete'}
	| {type: 'regex'}
	| {type: 'move'; by: number}
	| {type: 'choose'; by: number}
	| {type: 'set'; dialog: Dialog};

export function reduceDialog(dialog: Dialog, event: DialogEvent): Dialog {
	if (event.type === 'set') {
		return event.dialog;
	}

	if (dialog.kind === 'prompt') {
		return reducePrompt(dialog, event);
	}

	if (dialog.kind === 'picker') {
		return reducePicker(dialog, event);
	}

	return dialog.kind === 'form' ? reduceForm(dialog, event) : dialog;
}

/**
An argument that is the text comes first, then items that begin with it, then those that contain it. A command is not found by letters
within a word.
*/
export function matchingItems({purpose, items, typed, from}: PickerDialog): readonly PickerItem[] {
	const rest = typed.text.slice(from).toLowerCase();
	// Arguments can follow a command.
	const word = from > 0 ? rest.trimStart() : rest.trim().split(' ')[0]!;
	if (word === '') {
		return items;
	}

	// `sh` is `pod/shell` before it is `pod/crashing`.
	const isIts = ({also}: PickerItem) => also?.includes(word) ?? false;
	const begins = items.filter(
		item => !isIts(item) && (item.cells[0]?.toLowerCase().startsWith(word) || item.cells[0]?.toLowerCase().split('/')[1]?.startsWith(word)),
	);
	const isCommand = purpose === 'palette' && from === 0;
	const contains = (cell: string) => (isCommand ? ` ${cell}`.toLowerCase().includes(` ${word}`) : cell.toLowerCase().includes(word));
	// An action is found by its title, not by its place and key.
	const foundIn = ({id, cells}: PickerItem) => (isCommand ? cells.slice(0, id.startsWith(':') ? 2 : 1) : cells);
	const holds = items.filter(item => !isIts(item) && !begins.includes(item) && foundIn(item).some(contains));
	const isExact = ({cells}: PickerItem) => from > 0 && cells[0]?.toLowerCase() === word;
	return [
		...items.filter(item => isIts(item)),
		...begins.toSorted((one, other) => Number(isExact(other)) - Number(isExact(one))),
		...holds,
	];
}

function editTyped(typed: TextInput, event: DialogEvent): TextInput {
	const {text, caret} = typed.untouched && event.type !== 'caret' ? atEnd('') : typed;
	switch (event.type) {
		case 'type': {
			const clean = event.text.replaceAll(/[\u0000-\u001F\u007F]/g, '');
			return {text: text.slice(0, caret) + clean + text.slice(caret), caret: caret + clean.length};
		}

		case 'erase': {
			const before = [...text.slice(0, caret)].slice(0, -1).join('');
			return {text: before + text.slice(caret), caret: before.length};
		}

		case 'erase-word': {
			const before = text.slice(0, caret).replace(/\S*\s*$/, '');
			return {text: before + text.slice(caret), caret: before.length};
		}

		case 'clear': {
			return {text: '', caret: 0};
		}

		case 'caret': {
			const left = [...text.slice(0, caret)].slice(0, -1).join('').length;
			const right = caret + ([...text.slice(caret)][0]?.length ?? 0);
			return {text, caret: {left, right, start: 0, end: text.length}[event.to]};
		}

		default: {
			return typed;
		}
	}
}

const namedFits = 4;

function completionNote({candidates, note}: PromptDialog, fits: readonly string[]): string {
	if (fits.length === 0) {
		return candidates.length > 0 ? 'nothing completes this' : note;
	}

	const more = fits.length > namedFits ? `  ${fits.length - namedFits} more` : '';
	return fits.length === 1 ? '' : `${fits.slice(0, namedFits).join('  ')}${more}`;
}

function reducePrompt(prompt: PromptDialog, event: DialogEvent): PromptDialog {
	switch (event.type) {
		case 'history': {
			return goInHistory(prompt, event.by);
		}

		case 'complete': {
			const fits = prompt.candidates.filter(candidate => candidate.startsWith(prompt.typed.text) && candidate !== prompt.typed.text);
			const text = fits.length === 0 ? prompt.typed.text : commonStart(fits);
			return {...prompt, typed: atEnd(text), problem: null, note: completionNote(prompt, fits)};
		}

		case 'regex': {
			return prompt.canUseRegex ? {...prompt, regex: !prompt.regex, problem: null} : prompt;
		}

		default: {
			return {...prompt, typed: editTyped(prompt.typed, event), problem: null};
		}
	}
}

function goInHistory(prompt: PromptDialog, by: 1 | -1): PromptDialog {
	const historyAt = Math.max(-1, Math.min(prompt.history.length - 1, prompt.historyAt + by));
	if (historyAt === prompt.historyAt) {
		return prompt;
	}

	const draft = prompt.historyAt < 0 ? prompt.typed : (prompt.draft ?? atEnd(''));
	return {...prompt, historyAt, draft, problem: null, typed: historyAt < 0 ? draft : atEnd(prompt.history[historyAt]!)};
}

export function atEnd(text: string): TextInput {
	return {text, caret: text.length};
}

function reducePicker(picker: PickerDialog, event: DialogEvent): PickerDialog {
	const shown = matchingItems(picker);
	if (event.type === 'move') {
		return {...picker, index: Math.max(0, Math.min(shown.length - 1, picker.index + event.by))};
	}

	if (event.type === 'complete') {
		const taken = shown[picker.index];
		const text = taken === undefined ? picker.typed.text : picker.typed.text.slice(0, picker.from) + (taken.text ?? taken.cells[0]!);
		return {...picker, typed: atEnd(text), index: 0};
	}

	const typed = editTyped(picker.typed, event);
	const isSame = typed.text.trim() === picker.typed.text.trim();
	return {...picker, typed, index: isSame ? picker.index : 0};
}

export function isFieldVisible({fields}: FormDialog, {when}: FormField): boolean {
	return when === undefined || fields.some(({name, value}) => name === when.field && value === when.value);
}

/** With the cursor in the first required field that is empty; `null` if there is none. */
export function withMissingField(form: FormDialog): FormDialog | null {
	const at = form.fields.findIndex(field => field.required !== undefined && field.value.trim() === '' && isFieldVisible(form, field));
	return at === -1 ? null : {...form, at, problem: `${form.fields[at]!.required} is required`};
}

function reduceForm(form: FormDialog, event: DialogEvent): FormDialog {
	if (event.type === 'move') {
		const step = (from: number) => (from + event.by + form.fields.length) % form.fields.length;
		let at = step(form.at);
		while (!isFieldVisible(form, form.fields[at]!)) {
			at = step(at);
		}

		return {...form, at};
	}

	const field = form.fields[form.at]!;
	if (field.typing !== undefined && event.type === 'type') {
		return typeElsewhere(form, field.typing, event);
	}

	return {
		...form,
		problem: null,
		fields: form.fields.with(form.at, field.choices === undefined ? editField(field, event) : chooseIn(field, field.choices, event)),
	};
}

function typeElsewhere(form: FormDialog, into: string, event: DialogEvent): FormDialog {
	const at = form.fields.findIndex(({name}) => name === into);
	const own = form.fields[form.at]!;
	return reduceForm({...form, at, fields: form.fields.with(form.at, {...own, value: form.fields[at]!.when?.value ?? own.value})}, event);
}

function chooseIn(field: FormField, choices: NonNullable<FormField['choices']>, event: DialogEvent): FormField {
	const by = event.type === 'choose' ? event.by : 0;
	const index = choices.findIndex(choice => choice.value === field.value);
	return {...field, value: choices[Math.max(0, Math.min(choices.length - 1, index + by))]?.value ?? field.value};
}

/** A caret key keeps an untouched value for editing. */
function editField(field: FormField, event: DialogEvent): FormField {
	const {untouched = false, ...touched} = field;
	if (event.type === 'choose') {
		return touched;
	}

	return {...touched, value: editTyped({...atEnd(field.value), untouched}, event).text};
}

function commonStart(texts: readonly string[]): string {
	let start = texts[0] ?? '';
	for (const text of texts) {
		while (!text.startsWith(start)) {
			start = start.slice(0, -1);
		}
	}

	return start;
}
