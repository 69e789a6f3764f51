/** What a check of a transcript proves, and what it does not, as lines. */
import {quoteForShell} from '../../text/quote-for-shell.ts';
import type {TranscriptCheck} from '../../transcripts/check-transcript.ts';
import type {TranscriptRequest, TranscriptHeader, TranscriptEnd} from '../../transcripts/transcript.ts';
import {describeRequirements} from '../describe-requirements.ts';

export function describeCheck(file: string, check: TranscriptCheck): readonly string[] {
	return [`${file}: ${describeState(check)}`, ...describeContent(check), ...describeLimits(check)];
}

function describeState(check: TranscriptCheck): string {
	const {state, lines, sealedLines, signedBy} = check;
	const key = signedBy === null ? 'no key' : `the key ${signedBy.fingerprint}`;
	switch (state) {
		case 'verified': {
			return signedBy?.known === 'own'
				? `verified: complete, unchanged, and signed by your own key ${signedBy.fingerprint}`
				: `verified: complete, unchanged, and signed by ${key} of --public-key`;
		}

		case 'unknown-key': {
			return `unknown key: complete and unchanged since ${key} signed it, but this key is neither yours nor given with --public-key`;
		}

		case 'unsigned': {
			return 'not signed: only internally consistent, so anyone can have written or changed it';
		}

		case 'incomplete': {
			return `incomplete: it has no trailer, because it was truncated or is still being recorded; ${describeSealedLines(check)}`;
		}

		case 'other-key': {
			return signedBy === null ? 'not signed, so not by the key of --public-key' : `names ${key}, which is not the key of --public-key`;
		}

		case 'changed': {
			return `changed: line ${lines} does not follow from the lines before it, so one of the lines from ${sealedLines + 1} to ${lines} was changed, added, removed or moved; nothing in the file can be trusted`;
		}

		case 'not-a-transcript': {
			return 'not a transcript of spoke, or its first line was changed';
		}
	}
}

function describeSealedLines({lines, sealedLines, signedBy}: TranscriptCheck): string {
	if (sealedLines === 0) {
		return 'none of its lines has a valid seal';
	}

	const sealed = sealedLines === 1 ? 'line 1 is' : `lines 1 to ${sealedLines} are`;
	const rest = lines > sealedLines + 1 ? ', what follows is not sealed' : '';
	return `${sealed} ${describeSeal(signedBy)}${rest}`;
}

function describeSeal(signedBy: TranscriptCheck['signedBy']): string {
	if (signedBy === null) {
		return 'internally consistent, but not signed';
	}

	return signedBy.known === null
		? `unchanged since signed by the key ${signedBy.fingerprint} named in the file`
		: `unchanged since signed by ${signedBy.known === 'own' ? 'your own key' : 'the key of --public-key'}`;
}

function describeContent({recording, requests, paths, end}: TranscriptCheck): readonly string[] {
	return recording === null
		? []
		: [
				'it says:',
				...[
					...describeHeader(recording),
					...requests.map(request => describeRequest(request)),
					// The basis can change without the line.
					...paths.map(({line}) => line).filter((line, index, all) => line !== all[index - 1]),
					...describeEnd(end),
				].map(line => `  ${line}`),
			];
}

function describeHeader({user, cluster, target, command, recordedAt, requirements, inputRecorded}: TranscriptHeader): readonly string[] {
	const {namespace, name, container, node} = target;
	return [
		`user: ${user === null ? 'unknown' : `${user.name} (${user.from === 'apiserver' ? 'named by the apiserver' : 'named only in the kubeconfig'})`}`,
		`cluster: ${cluster.context ?? 'no context'}, ${cluster.server}`,
		`target: pod ${namespace ?? 'default'}/${name}, container ${container ?? 'unknown'}, node ${node ?? 'unknown'}`,
		command.length === 0 ? 'attached to the process of the container' : `command: ${command.map(word => quoteForShell(word)).join(' ')}`,
		`started: ${recordedAt}${inputRecorded ? ', with its input' : ''}`,
		...describeRequirements(requirements),
	];
}

function describeRequest({carrier, status, auditId: {sent, answered}}: TranscriptRequest): string {
	const confirmed =
		answered === null
			? 'sent by spoke; the response names none'
			: answered === sent
				? 'confirmed by the response'
				: `the response names ${answered}`;
	return `audit id: ${sent} (${carrier}, ${status === null ? 'no response' : `status ${status}`}; ${confirmed})`;
}

function describeEnd(end: TranscriptEnd | null): readonly string[] {
	if (end === null) {
		return [];
	}

	const {how, remoteExitStatus, error, time, stdout, stderr, stdin} = end;
	const reason = {
		exited: `the command exited ${remoteExitStatus}`,
		'output-ended': 'the container closed its output',
		detached: 'the user detached, and the process may continue',
		'stream-lost': 'the stream was lost, so the result of the command is unknown',
		interrupted: 'spoke was interrupted, and the command may continue',
		failed: 'spoke failed',
	}[how];
	return [
		`ended: ${time}, ${reason}${error === null ? '' : `: ${error.message} [${error.code}]`}`,
		`bytes: stdout ${stdout.bytes}, stderr ${stderr.bytes}${stdin === null ? '' : `, stdin ${stdin.bytes}`}`,
	];
}

function describeLimits({recording, requests, state, signedBy}: TranscriptCheck): readonly string[] {
	if (recording === null) {
		return [];
	}

	const ids = requests.flatMap(({auditId: {sent, answered}}) => (answered === null || answered === sent ? [sent] : [sent, answered]));
	return [
		'not proven:',
		...(signedBy === null || state === 'other-key'
			? []
			: ['  that the clock was right, and that the holder of the key recorded what happened']),
		...(ids.length === 0
			? ['  what the cluster did: the transcript names no request']
			: [`  what the cluster did: in the audit log of the apiserver, grep ${ids.map(id => `-e ${quoteForShell(id)}`).join(' ')}`]),
	];
}
