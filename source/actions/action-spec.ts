/** What an action is: one thing that a person can do, as a row of data. */
import type {AccessClass} from './access.ts';

export type ActionSpec = {
	/** `context.verb`; stable, users' keymaps name it. */
	id: string;
	/** The context in which it is bound. Contexts below it inherit it. */
	context: string;
	/** One or two words for the footer. */
	label: string;
	/** A few words for `?`, the palette and the document. */
	title: string;
	/** What it touches beyond the screen; read-only mode and rights are decided by it. */
	access: AccessClass | 'screen';
	/** Place in the footer from the left; 0 is never in it. */
	footer: number;
};
