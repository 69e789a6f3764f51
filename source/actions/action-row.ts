/** What an action is: one thing that a person can do, as a row of data. */

/**
What an action touches, so that read-only mode and rights are decided in one place.
- `screen`: nothing but the screen
- `read`: asks the apiserver for something
- `stream`: opens a stream that only reads
- `shell`: opens a stream that can write into a container
- `listen`: opens a local port
- `write`: changes something in the cluster, or sends a request that may
*/
export type ActionAccess = 'screen' | 'read' | 'stream' | 'shell' | 'listen' | 'write';

export type ActionRow = {
	/** `context.verb`; stable, users' keymaps name it. */
	id: string;
	/** The context in which it is bound. Contexts below it inherit it. */
	context: string;
	/** One or two words for the footer. */
	label: string;
	/** A few words for `?`, the palette and the document. */
	title: string;
	access: ActionAccess;
	/** Place in the footer from the left; 0 is never in it. */
	footer: number;
};
