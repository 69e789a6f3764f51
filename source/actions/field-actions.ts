/** What a person can do where text is typed, chosen or confirmed, and inside a remote shell. These own all keys meanwhile. */
import type {ActionTable} from './action-table.ts';

export const fieldActions: ActionTable = {
	confirm: [
		['confirm.yes', 'yes', 'yes', 1],
		['confirm.no', 'no', 'no', 2],
	],
	form: [
		['form.submit', 'start', 'start', 1],
		['form.next', 'next field', 'next field', 2],
		['form.previous', 'field before', 'field before'],
		['form.left', 'left', 'value before'],
		['form.right', 'right', 'next value'],
		['form.erase', 'erase', 'erase'],
		['form.clear', 'clear', 'clear'],
		['form.copy-script', 'copy script', 'copy the same for a script'],
		['form.cancel', 'back', 'back', 3],
	],
	picker: [
		['picker.down', 'down', 'down'],
		['picker.up', 'up', 'up'],
		['picker.accept', 'choose', 'choose', 1],
		['picker.complete', 'complete', 'complete', 2],
		['picker.erase', 'erase', 'erase'],
		['picker.clear', 'clear', 'clear'],
		['picker.cancel', 'back', 'back', 3],
	],
	prompt: [
		['prompt.accept', 'keep', 'keep', 1],
		['prompt.older', 'history', 'one before in the history', 3],
		['prompt.newer', 'newer', 'one after in the history'],
		['prompt.complete', 'complete', 'complete', 2],
		['prompt.left', 'left', 'left'],
		['prompt.right', 'right', 'right'],
		['prompt.start', 'start', 'start of the line'],
		['prompt.end', 'end', 'end of the line'],
		['prompt.erase', 'erase', 'erase'],
		['prompt.delete-word', 'delete word', 'delete the word before'],
		['prompt.clear', 'clear', 'clear'],
		['prompt.regex', 'regex', 'plain text or regex', 4],
		['prompt.cancel', 'drop', 'drop', 5],
	],
	ended: [['ended.again', 'again', 'new shell', 1, 'shell']],
	terminal: [
		['terminal.leave', 'leave', 'leave the shell', 1],
		['terminal.send-key', 'send', 'send the leave key itself', 2],
		['terminal.path', 'path', 'print the path line', 3],
	],
};
