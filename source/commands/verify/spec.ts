/** Spec of `spoke verify`. */
import {helpFlag, outputFlag} from '../../command-line/common-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'public-key',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'PEM file of the key that must have signed the transcript; defaults to your own key, if you have one',
	},
	{name: 'print-key', kind: 'boolean', help: 'print the public key with which you sign transcripts, for --public-key of others'},
	outputFlag('text, or json: one TranscriptVerification object'),
	helpFlag,
] as const;

export const verifySpec = {
	name: 'verify',
	summary: 'check a transcript of exec --record, and print what it proves',
	usage: ['verify FILE [flags]', 'verify --print-key'],
	about:
		'Checks the hash chain, the order, the signatures and the end of a transcript, without a cluster. Exits 0 only if it is complete, unchanged, and signed by the key of --public-key or by your own. Exits 3 if it was changed, is no transcript, or is signed by another key. Exits 4 if that cannot be decided: it is cut or still being recorded, is not signed, or nobody has said whose key it names.\nA signature proves who has the key, not what the cluster did. To check that, look for the audit ids of the transcript in the audit log of the apiserver. docs/transcripts.md describes the format.',
	examples: [
		['spoke verify session.cast', 'check a transcript that you recorded'],
		['spoke verify --public-key ada.pem session.cast', 'check a transcript of someone whose public key you have'],
		['spoke verify --print-key > ada.pem', 'your public key, for others'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
