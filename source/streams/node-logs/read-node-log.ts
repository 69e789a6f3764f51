/** Reads a log of a node, without what the kubelet writes among its lines. */
import type {Readable} from 'node:stream';
import {SpokeError} from '../../errors/spoke-error.ts';
import {escapeRegExp} from '../../text/search-patterns.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {readLineBlocks} from '../logs/line-blocks.ts';
import {truncatedResponseError} from '../proxy/truncated-response.ts';
import {isDirectory, type NodeLogQuery} from './node-log-query.ts';
import {listFilesHint} from './open-node-log.ts';

/**
Passes on whole lines, and of a directory a name per line.
@throws SpokeError ERR_NOT_FOUND or ERR_NODE_LOGS if the kubelet wrote that it could not read a log, ERR_STREAM_LOST if truncated
*/
export async function readNodeLog(
	body: Readable,
	{target, query}: {target: string; query: NodeLogQuery},
	onBlock: (block: Buffer) => Promise<void>,
): Promise<void> {
	const failures: string[] = [];
	const linesOf =
		query.kind === 'services' ? withoutFailures(query.services, failures) : isDirectory(query) ? namesIn : (block: Buffer) => block;
	const pass = async (block: Buffer) => {
		const lines = linesOf(block);
		if (lines.length > 0) {
			await onBlock(lines);
		}
	};

	const {remainder, error} = await readLineBlocks(body, pass);
	await pass(remainder);
	if (error) {
		throw truncatedResponseError(error);
	}

	if (failures.length > 0) {
		throw failureError(target, failures);
	}
}

/**
Takes the kubelet's own lines out of a block, because the response that contains them is a success.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_server_journal.go copyForBoot, copyServiceLogs, heuristicsCopyFileLogs
*/
function withoutFailures(services: readonly string[], failures: string[]): (block: Buffer) => Buffer {
	const name = `(?:${services.map(service => escapeRegExp(service)).join('|')})`;
	const messages = [
		`log not found for ${name}`,
		`error getting log for ${name}: .*`,
		'error: journal output not available',
		'failed to get logging cmd: .*',
		'context error: .*',
		String.raw`options present and query resolved to log files for \[.*\]`,
	];
	// The line feed before a message is the kubelet's, too.
	const pattern = new RegExp(String.raw`(?:^|\n)(${messages.join('|')})\n(?:try without specifying options\n)?`, 'g');
	return block => {
		const text = block.toString('latin1');
		const kept = text.replaceAll(pattern, (_, message: string) => {
			failures.push(sanitizeLine(Buffer.from(message, 'latin1').toString('utf8')));
			return '';
		});
		return kept.length === text.length ? block : Buffer.from(kept, 'latin1');
	};
}

function failureError(target: string, failures: readonly string[]): SpokeError {
	const text = failures.join('; ');
	return failures.every(failure => failure.startsWith('log not found for '))
		? new SpokeError('ERR_NOT_FOUND', `${target}: ${text}: no unit in the journal and no file in /var/log has this name`, {
				leg: 3,
				text,
				remedy: `${listFilesHint}; without journalctl on the node, a kubelet finds no units`,
			})
		: new SpokeError('ERR_NODE_LOGS', `the kubelet of ${target} could not read the log: ${text}`, {
				text,
				remedy: text.startsWith('options present') ? 'this service logs to a file, which is sent whole: omit the other flags' : null,
			});
}

/** Go's list of a directory: a link per line. @see https://github.com/golang/go/blob/go1.26.0/src/net/http/fs.go dirList */
function namesIn(block: Buffer): Buffer {
	const names = [...block.toString('utf8').matchAll(/<a href="[^"]*">(.*?)<\/a>/gs)].map(([, name = '']) =>
		name.replaceAll(/&[^;]+;/g, unescaped),
	);
	return Buffer.from(names.map(name => `${sanitizeLine(name)}\n`).join(''));
}

function unescaped(entity: string): string {
	return entities.get(entity) ?? entity;
}

const entities: ReadonlyMap<string, string> = new Map([
	['&amp;', '&'],
	['&lt;', '<'],
	['&gt;', '>'],
	['&#34;', '"'],
	['&#39;', "'"],
]);
