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
	{name: 'print-key', kind: 'boolean', help: 'print your public key, which others pass as --public-key FILE'},
	outputFlag('text, or json: one TranscriptVerification object'),
	helpFlag,
] as const;

export const verifySpec = {
	name: 'verify',
	summary: 'check a transcript of --record, and print what it proves',
	usage: ['verify FILE [flags]', 'verify --print-key'],
	about:
		'Checks the hash chain, the order, the signatures and the end of a transcript, without a cluster. Exits 0 only if it is complete, unchanged, and signed by the key of --public-key or by your own. Exits 3 if it was changed, is not a transcript, or is not signed by the key of --public-key. Otherwise exits 4: it is incomplete or still being recorded, is not signed, or is signed by a key that is neither yours nor given with --public-key.\nA signature proves that the holder of the key signed the file, not what the cluster did. For that, look up the audit ids of the transcript in the audit log of the apiserver. docs/transcripts.md describes the format.',
	examples: [
		['spoke verify session.cast', 'check a transcript that you recorded'],
		['spoke verify --public-key ada.pem session.cast', 'check a transcript of someone whose public key you have'],
		['spoke verify --print-key > ada.pem', 'your public key, for others'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
